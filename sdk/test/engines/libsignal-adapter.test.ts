import { describe, expect, it } from 'vitest';
import { PublicKey, SessionRecord, SignalMessage } from '@signalapp/libsignal-client';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { deviceAddress } from '@sotto/sdk/wire';
import { SottoError } from '../../src/errors.js';
import { Secret } from '../../src/secret.js';
import { translateFailure } from '../../src/engines/libsignal/errors.js';
import { frameRecord, openRecord, openRecordOf } from '../../src/engines/libsignal/records.js';
import { maxLastResortUses, rememberUse } from '../../src/engines/replay-memory.js';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const codeOf = (action: () => unknown) => (thrownBy(action) as SottoError).code;

function baseKey(index: number): Uint8Array {
  const key = new Uint8Array(33).fill(7);
  new DataView(key.buffer).setUint32(1, index);
  return key;
}

describe('the memory of last-resort keys', () => {
  it('knows a use by signed pre-key and base key together', () => {
    const uses = rememberUse(rememberUse(undefined, 1, baseKey(1)), 2, baseKey(1));
    expect(codeOf(() => rememberUse(uses, 1, baseKey(1)))).toBe('pre-key-replayed');
    expect(codeOf(() => rememberUse(uses, 2, baseKey(1)))).toBe('pre-key-replayed');
    expect(rememberUse(uses, 1, baseKey(2))).toHaveLength(uses.length + 16);
  });

  it('gives the key up when it is full, and still names replays', () => {
    let uses = rememberUse(undefined, 1, baseKey(0));
    const full = new Uint8Array(maxLastResortUses * 16).fill(0xee);
    full.set(uses);
    uses = full;
    expect(codeOf(() => rememberUse(uses, 1, baseKey(1)))).toBe('pre-key-missing');
    expect(codeOf(() => rememberUse(uses, 1, baseKey(0)))).toBe('pre-key-replayed');
  });

  it('refuses a memory of broken length', () => {
    expect(codeOf(() => rememberUse(new Uint8Array(17), 1, baseKey(1)))).toBe('engine-record-invalid');
  });
});

describe('records', () => {
  it.each([0, 1, 2, 3, 4, 15, 16, 17, 63, 2048])('of %i bytes come back, from any offset', (length) => {
    const payload = Uint8Array.from({ length }, (_, index) => (index * 31) & 255);
    const record = frameRecord('session', payload);
    for (let offset = 0; offset < 8; offset += 1) {
      const elsewhere = new Uint8Array(record.length + 8);
      elsewhere.set(record, offset);
      const moved = elsewhere.subarray(offset, offset + record.length);
      expect(openRecordOf('session', moved)).toEqual(payload);
    }
  });

  it('show every flipped bit and every cut', () => {
    const record = frameRecord(
      'oneTimePreKey',
      Uint8Array.from({ length: 41 }, (_, index) => index),
    );
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      const flipped = record.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(() => openRecord(flipped))).toBe('engine-record-invalid');
    }
    for (let length = 0; length < record.length; length += 1) {
      expect(codeOf(() => openRecord(record.slice(0, length)))).toBe('engine-record-invalid');
    }
  });

  it('are of the kind asked for', () => {
    const record = frameRecord('signedPreKey', new Uint8Array(4));
    expect(codeOf(() => openRecordOf('oneTimePreKey', record))).toBe('engine-record-invalid');
  });
});

describe('pre-keys', () => {
  const engine = libsignalEngine();
  const address = deviceAddress.parse({ accountId: '0b7a4f6e-53c1-4f0e-9d1c-7f2b8f6f2a10', deviceId: 1 });
  const request = { oneTimeIds: [1], kemOneTimeIds: [], now: 0 };

  it.each([-1, 1.5, 2 ** 32, Number.NaN])('are not made under the id %d', async (id) => {
    const our = { address, identity: await engine.generateIdentity(), registrationId: 1 };
    const bad = [{ oneTimeIds: [id] }, { kemOneTimeIds: [id] }, { signedId: id }, { kemLastResortId: id }];
    for (const change of bad) {
      await expect(engine.generatePreKeys({ our, ...request, ...change })).rejects.toThrow(TypeError);
    }
  });

  it('are not made for what is no identity key', async () => {
    const identity = { publicKey: new Uint8Array(33), privateKey: new Secret(new Uint8Array(31)) };
    const our = { address, identity, registrationId: 1 };
    await expect(engine.generatePreKeys({ our, ...request })).rejects.toMatchObject({ code: 'invalid-key' });
  });
});

describe('failures of libsignal', () => {
  const garbage = new Uint8Array([1, 2, 3]);

  it('get the code of what they mean, or of the operation', () => {
    const badSession = thrownBy(() => SessionRecord.deserialize(garbage));
    const badMessage = thrownBy(() => SignalMessage.deserialize(garbage));
    expect(translateFailure('decrypt', badSession).code).toBe('engine-record-invalid');
    expect(translateFailure('decrypt', badMessage).code).toBe('invalid-message');
    expect(translateFailure('start-session', badMessage).code).toBe('invalid-bundle');
    expect(translateFailure('sign', new RangeError('x')).code).toBe('invalid-key');
  });

  it('keep the name of what failed and nothing of the input', () => {
    const failure = thrownBy(() => PublicKey.deserialize(new Uint8Array([0xab, 1, 2])));
    const { cause } = translateFailure('start-session', failure);
    expect(String(cause)).toBe('Error: libsignal: Generic in PublicKey_Deserialize');
    expect(String(translateFailure('decrypt', new Error('secret')).cause)).not.toContain('secret');
  });

  it('leave our own failures as they are', () => {
    const ours = new SottoError('pre-key-missing');
    expect(translateFailure('decrypt', ours)).toBe(ours);
  });
});
