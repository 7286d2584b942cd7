import { DecryptionErrorMessage, PlaintextContent } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import {
  createDecryptionError,
  parseDecryptionError,
} from '../../../src/engines/portable/decryption-errors.js';
import { serializePreKeySignalMessage } from '../../../src/engines/portable/messages/pre-key-signal-message.js';
import { parseSignalMessage } from '../../../src/engines/portable/messages/signal-message.js';
import { parsePublicKey } from '../../../src/engines/portable/primitives/keys.js';
import { seededRandom } from '../../../src/testing/index.js';
import { nativeSenderKeyMessage, nativeSignalMessage, plain, privateKey } from './messages/formats.js';

const random = seededRandom('decryption errors');
const message = nativeSignalMessage(random).serialize();
const ratchetKey = Uint8Array.from(parseSignalMessage(message).ratchetKey);
const key = (): Uint8Array => privateKey(random).getPublicKey().serialize();
const preKeyMessage = serializePreKeySignalMessage({
  baseKey: parsePublicKey(key()),
  identityKey: parsePublicKey(key()),
  messageBytes: message,
  registrationId: 1,
  signedPreKeyId: 1,
  kem: { id: 1, ciphertext: new Uint8Array(5) },
});

describe('a decryption error', () => {
  it.each([
    ['message', message],
    ['prekey', preKeyMessage],
  ] as const)('about a %s names its ratchet key', (kind, lost) => {
    const content = createDecryptionError({ kind, message: lost, sentAt: 1_800_000_000_000, deviceId: 3 });
    expect(parseDecryptionError(content)).toEqual({ ratchetKey, sentAt: 1_800_000_000_000, deviceId: 3 });
    const body = PlaintextContent.deserialize(plain(content)).body();
    const native = DecryptionErrorMessage.extractFromSerializedBody(body);
    expect(Uint8Array.from(native.ratchetKey()!.serialize())).toEqual(ratchetKey);
    expect([native.timestamp(), native.deviceId()]).toEqual([1_800_000_000_000, 3]);
  });

  it('about a group message names none, whatever that message is', () => {
    for (const lost of [nativeSenderKeyMessage(random).serialize(), new Uint8Array()]) {
      const content = createDecryptionError({ kind: 'sender-key', message: lost, sentAt: 0, deviceId: 0 });
      expect(parseDecryptionError(content)).toEqual({ sentAt: 0, deviceId: 0 });
    }
  });

  it('cannot be about what cannot be read, nor about plaintext', () => {
    for (const [kind, lost] of [
      ['message', message.subarray(1)],
      ['prekey', message],
      ['plaintext', createDecryptionError({ kind: 'message', message, sentAt: 1, deviceId: 1 })],
    ] as const) {
      expect(() => createDecryptionError({ kind, message: lost, sentAt: 1, deviceId: 1 })).toThrow(
        expect.objectContaining({ code: 'invalid-message' }),
      );
    }
  });

  it.each([
    { sentAt: -1, deviceId: 1 },
    { sentAt: 1.5, deviceId: 1 },
    { sentAt: 2 ** 53, deviceId: 1 },
    { sentAt: 1, deviceId: -1 },
    { sentAt: 1, deviceId: 2 ** 32 },
  ])('holds no %o', (numbers) => {
    expect(() => createDecryptionError({ kind: 'message', message, ...numbers })).toThrow(TypeError);
  });

  it.each([
    ['nothing', ''],
    ['the first mark alone', 'c0'],
    ['both marks alone', 'c080'],
    ['no error inside', 'c04a0080'],
    ['no time', 'c042020801' + '80'],
    ['another first byte', '4442021005' + '80'],
    ['another last byte', 'c042021005' + '81'],
    ['padding after the mark', 'c042021005' + '8000'],
    ['a time beyond 2^53 - 1', 'c0420910808080808080801080'],
    ['a ratchet key that is none', 'c042040a001005' + '80'],
  ])('is not read from %s', (_, digits) => {
    expect(() => parseDecryptionError(Uint8Array.from(Buffer.from(digits, 'hex')))).toThrow(
      expect.objectContaining({ code: 'invalid-message' }),
    );
  });

  it('is read without a device, which is 0 then', () => {
    expect(parseDecryptionError(Uint8Array.from(Buffer.from('c04202100580', 'hex')))).toEqual({
      sentAt: 5,
      deviceId: 0,
    });
  });
});
