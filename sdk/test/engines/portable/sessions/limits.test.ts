import { describe, expect, it } from 'vitest';
import { sendingStep } from '../../../../src/engines/portable/double-ratchet/ratchet.js';
import {
  parseSignalMessage,
  serializeSignalMessage,
  type SignalMessageFields,
} from '../../../../src/engines/portable/messages/signal-message.js';
import type { IdentityKey, RatchetKey } from '../../../../src/engines/portable/primitives/keys.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import {
  decodeSessionRecord,
  encodeSessionRecord,
} from '../../../../src/engines/portable/session-record/codec.js';
import { jumpLimit } from '../../../../src/engines/portable/sessions-context.js';
import { spqrSend } from '../../../../src/engines/portable/spqr/ratchet.js';
import { TestDevice, type Sent } from '../../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../../src/testing/index.js';
import type { accountId } from '../../../../src/wire/index.js';
import { devices, engines } from '../support.js';

const primitives = noblePrimitives(seededRandom('limits'));

/** As if a device had sent messages and all of them were lost: moves its ratchets, which is all that sending leaves. */
async function loseMessages(from: TestDevice, to: TestDevice, count: number): Promise<void> {
  const key = `session/${to.address.accountId}.${to.address.deviceId}/current`;
  const record = decodeSessionRecord(from.records.get(key)!);
  const session = record.current!;
  let { doubleRatchet, spqr } = session.ratchet;
  for (let lost = 0; lost < count; lost += 1) {
    doubleRatchet = (await sendingStep(primitives.curve, doubleRatchet)).state;
    spqr = spqrSend(spqr, primitives.random).state;
  }
  const current = { ...session, ratchet: { ...session.ratchet, doubleRatchet, spqr } };
  from.records.set(key, encodeSessionRecord({ ...record, current }));
}

async function talkBothWays(alice: TestDevice, bob: TestDevice): Promise<void> {
  await alice.startSession(bob, { ec: 11, kem: 21 });
  await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  await bob.decrypt(alice, await alice.encrypt(bob, 'third'));
}

describe('limits of a session', () => {
  it.each(['portable', 'libsignal'])(
    '%s takes a message after 24,999 lost ones, not after 25,000',
    async (name) => {
      const [alice, bob] = await devices('portable', name);
      await talkBothWays(alice, bob);
      await loseMessages(alice, bob, 24_999);
      const last = await alice.encrypt(bob, 'after 24,999');
      await loseMessages(alice, bob, 1);
      const tooFar = await alice.encrypt(bob, 'after 25,001');
      await bob.assertRefuses(alice, tooFar, 'invalid-message', 'after 25,000 and one');
      await bob.decrypt(alice, last);
      await bob.decrypt(alice, tooFar);
    },
  );

  it.each(['portable', 'libsignal'])('%s takes more between devices of one account', async (name) => {
    const phone = await TestDevice.create(engines['portable']!(), 1, 1);
    const laptop = await TestDevice.create(engines[name]!(), 1, 2, phone.our.identity);
    await talkBothWays(phone, laptop);
    await loseMessages(phone, laptop, 25_050);
    await laptop.decrypt(phone, await phone.encrypt(laptop, 'after 25,050'));
  });

  it('knows a device of our own by key and account together', async () => {
    const [alice, bob] = await devices('portable', 'portable');
    const key = (device: TestDevice) => device.our.identity.publicKey as IdentityKey;
    const limit = (their: TestDevice['address'], theirKey: IdentityKey) =>
      jumpLimit(alice.input(their), key(alice), theirKey);
    const sibling = { ...alice.address, deviceId: bob.address.deviceId };
    expect(limit(sibling, key(alice))).toBe(100_000);
    expect(limit({ ...sibling, accountId: alice.address.accountId.toUpperCase() as never }, key(alice))).toBe(
      100_000,
    );
    expect(limit(sibling, key(bob))).toBe(25_000);
    expect(limit(bob.address, key(alice))).toBe(25_000);
    const name = 'no service id' as ReturnType<typeof accountId.parse>;
    const input = { ...alice.input({ ...sibling, accountId: name }) };
    const our = { ...alice.our, address: { ...alice.address, accountId: name } };
    expect(jumpLimit({ ...input, our }, key(alice), key(alice))).toBe(25_000);
  });
});

/** A message that anybody on the way can make: fields as they like, and a MAC of no key. */
async function forge(
  original: Sent,
  change: (fields: SignalMessageFields) => Partial<SignalMessageFields>,
): Promise<Sent> {
  const { ratchetKey, version, authenticated, mac, ...rest } = parseSignalMessage(original.ciphertext);
  expect([version, authenticated.length > 0, mac.length]).toEqual([4, true, 8]);
  const fields = { ...rest, ratchetKey: ratchetKey as Uint8Array as RatchetKey };
  const identity = new Uint8Array(33) as Uint8Array as IdentityKey;
  const changed = { ...fields, ...change(fields) };
  const ciphertext = await serializeSignalMessage(changed, new Uint8Array(32), identity, identity);
  return { ...original, ciphertext };
}

/** An SPQR message that says another index. */
function withIndex(pqRatchet: Uint8Array, index: readonly number[]): Uint8Array {
  expect([pqRatchet[0], pqRatchet[1]! < 128, pqRatchet[2]! < 128]).toEqual([1, true, true]);
  return Uint8Array.of(1, pqRatchet[1]!, ...index, ...pqRatchet.subarray(3));
}

const highest = [0xff, 0xff, 0xff, 0xff, 0x0f];

describe('forged messages', () => {
  it('with the highest counter cost less than a millisecond', async () => {
    const [alice, bob] = await devices('portable', 'portable');
    await talkBothWays(alice, bob);
    const message = await alice.encrypt(bob, 'genuine');
    const { publicKey } = await primitives.curve.generateKeyPair();
    const forgeries = {
      'in a known chain': await forge(message, () => ({ counter: 0xffffffff })),
      'under a new key': await forge(message, () => ({
        counter: 0xffffffff,
        ratchetKey: publicKey as Uint8Array as RatchetKey,
      })),
      'in the post-quantum ratchet': await forge(message, ({ pqRatchet }) => ({
        pqRatchet: withIndex(pqRatchet, highest),
      })),
    };
    for (const [what, forged] of Object.entries(forgeries)) {
      await bob.assertRefuses(alice, forged, 'invalid-message', what);
      let fastestMs = Infinity;
      for (let round = 0; round < 40; round += 1) {
        const startMs = performance.now();
        await bob.tryDecrypt(alice, forged).catch(() => undefined);
        fastestMs = Math.min(fastestMs, performance.now() - startMs);
      }
      expect(fastestMs, what).toBeLessThan(1);
    }
    await bob.decrypt(alice, message);
  });
});
