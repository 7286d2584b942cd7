/** One address of a device has one spelling, and two devices have never the same: no session is kept under two names, and none under another's. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { recordKeys as libsignalKeys } from '../../src/engines/libsignal/records.js';
import { SessionKeys } from '../../src/engines/portable/session-record/keys.js';
import { assertStorageKey } from '../../src/storage/keys.js';
import { deviceAddress, wireLimits, type DeviceAddress } from '../../src/wire/index.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const options = { seed };

const addresses = fc
  .record({ accountId: fc.uuid(), deviceId: fc.integer({ min: 1, max: wireLimits.maxDevicesPerAccount }) })
  .map((address) => deviceAddress.parse(address));

/** Other ways to write what somebody might take for the same account. */
const respelled = (text: string): readonly string[] => [
  text.toUpperCase(),
  ` ${text}`,
  `${text}\n`,
  text.replaceAll('-', ''),
  `{${text}}`,
  `urn:uuid:${text}`,
  `${text}.1`,
  text.replace('-', '\u2010'),
];

const sessionKeys: readonly [string, (address: DeviceAddress) => string][] = [
  ['portable', (address) => new SessionKeys(address).current],
  ['libsignal', (address) => libsignalKeys.session(address)],
];

describe(`addresses of devices (seed ${seed})`, () => {
  it('go over the wire and come back as they were', () => {
    fc.assert(
      fc.property(addresses, (address) => {
        expect(z.decode(deviceAddress, JSON.parse(JSON.stringify(address)))).toEqual(address);
      }),
      options,
    );
  });

  it('have one spelling: every other is refused, and none is put right', () => {
    fc.assert(
      fc.property(addresses, ({ accountId, deviceId }) => {
        const others = respelled(accountId).filter((text) => text !== accountId);
        for (const text of others) {
          expect(z.safeParse(deviceAddress, { accountId: text, deviceId }).success).toBe(false);
        }
        for (const other of [
          String(deviceId),
          `0${deviceId}`,
          deviceId + 0.5,
          0 - deviceId,
          0,
          NaN,
          null,
          [deviceId],
        ]) {
          expect(z.safeParse(deviceAddress, { accountId, deviceId: other }).success).toBe(false);
        }
      }),
      options,
    );
  });

  it.each(sessionKeys)(
    'name the records of the %s engine: each its own, and one that every storage takes',
    (_, keyOf) => {
      fc.assert(
        fc.property(
          fc.uniqueArray(addresses, { minLength: 2, maxLength: 20, selector: spell }),
          (several) => {
            const named = several.map(keyOf);
            expect(new Set(named).size).toBe(several.length);
            for (const key of named) expect(() => assertStorageKey(`engine/${key}`)).not.toThrow();
            // None lies under another's: whoever lists one device's records sees no other's.
            for (const key of named) expect(named.filter((other) => other.startsWith(`${key}/`))).toEqual([]);
          },
        ),
        options,
      );
    },
  );
});

function spell({ accountId, deviceId }: DeviceAddress): string {
  return JSON.stringify([accountId, deviceId]);
}
