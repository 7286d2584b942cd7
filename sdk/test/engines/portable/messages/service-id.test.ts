import { ServiceId } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { addressesBytes, serviceIdFixedWidth } from '../../../../src/engines/portable/messages/service-id.js';
import { isLowerCaseUuid, uuidBytes, uuidText } from '../../../../src/engines/portable/messages/uuid.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { deviceAddress } from '../../../../src/wire/index.js';

const uuid = '9d0652a3-dcc3-4d11-975f-74d61598733f';

function native(name: string): Uint8Array | undefined {
  try {
    return ServiceId.parseFromServiceIdString(name).getServiceIdFixedWidthBinary();
  } catch {
    return undefined;
  }
}

const names = [
  uuid,
  uuid.toUpperCase(),
  '9D0652a3-DCC3-4d11-975F-74d61598733f',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  `PNI:${uuid}`,
  `PNI:${uuid.toUpperCase()}`,
  `pni:${uuid}`,
  `Pni:${uuid}`,
  `ACI:${uuid}`,
  `PNI: ${uuid}`,
  `PNI:PNI:${uuid}`,
  uuid.replaceAll('-', ''),
  `PNI:${uuid.replaceAll('-', '')}`,
  `{${uuid}}`,
  `urn:uuid:${uuid}`,
  ` ${uuid}`,
  `${uuid} `,
  `${uuid}\n`,
  uuid.slice(1),
  `${uuid}0`,
  uuid.replace('9', 'g'),
  uuid.replace('-', ':'),
  '9d0652a3d-cc3-4d11-975f-74d61598733f',
  '',
  'PNI:',
  '+14155550101',
];

describe('service ids', () => {
  it.each(names)('of %j are what libsignal takes them for', (name) => {
    const expected = native(name);
    expect(serviceIdFixedWidth(name)).toEqual(expected && Uint8Array.from(expected));
  });

  it('stand for both ends of a message', () => {
    const [alice, bob] = [1, 127].map((deviceId) => deviceAddress.parse({ accountId: uuid, deviceId }));
    const bytes = addressesBytes(alice!, { ...bob!, accountId: `PNI:${uuid}` as never })!;
    const digits = uuid.replaceAll('-', '');
    expect(Buffer.from(bytes).toString('hex')).toBe(`00${digits}01` + `01${digits}7f`);
    expect(addressesBytes(alice!, { ...bob!, accountId: 'bob' as never })).toBeUndefined();
    expect(addressesBytes({ ...bob!, accountId: 'bob' as never }, alice!)).toBeUndefined();
  });
});

describe('UUIDs', () => {
  it('are text and bytes, both ways', () => {
    const random = seededRandom('uuid');
    for (let run = 0; run < 50; run += 1) {
      const bytes = random.bytes(16);
      expect(uuidBytes(uuidText(bytes))).toEqual(bytes);
      expect(isLowerCaseUuid(uuidText(bytes))).toBe(true);
    }
    expect(uuidText(uuidBytes(uuid)!)).toBe(uuid);
  });

  it('are spelled in lower case by us', () => {
    expect(isLowerCaseUuid(uuid.toUpperCase())).toBe(false);
    expect(isLowerCaseUuid(`${uuid}\n`)).toBe(false);
    expect(isLowerCaseUuid('')).toBe(false);
  });
});
