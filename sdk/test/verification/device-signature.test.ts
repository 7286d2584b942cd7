import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyDeviceSignature } from '@sotto/sdk/verification';
import { outcomeOf } from './outcome.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const authKey = Uint8Array.from(Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url'));
const message = Uint8Array.of(1, 2, 3);
const signature = Uint8Array.from(sign(null, message, privateKey));

describe('device signatures', () => {
  it('verify when OpenSSL made them', () => {
    expect(outcomeOf(() => verifyDeviceSignature(authKey, message, signature))).toBe('valid');
  });

  it('do not verify with any byte changed', () => {
    for (let index = 0; index < 64; index += 1) {
      const changed = signature.slice();
      changed[index] = (changed[index] as number) ^ 0x10;
      expect(outcomeOf(() => verifyDeviceSignature(authKey, message, changed))).toBe('invalid-signature');
    }
    expect(outcomeOf(() => verifyDeviceSignature(authKey, Uint8Array.of(1, 2), signature))).toBe(
      'invalid-signature',
    );
  });

  it('do not verify at another length', () => {
    for (const length of [0, 63, 65]) {
      const cut = new Uint8Array(length);
      cut.set(signature.subarray(0, length));
      expect(outcomeOf(() => verifyDeviceSignature(authKey, message, cut))).toBe('invalid-signature');
    }
  });

  it.each([
    ['31 bytes', new Uint8Array(31)],
    ['33 bytes', new Uint8Array(33)],
    ['the identity point', Uint8Array.of(1, ...new Uint8Array(31))],
    ['the point of order two', Uint8Array.of(0xec, ...new Uint8Array(30).fill(255), 0x7f)],
    ['a point of order four', new Uint8Array(32)],
    ['a coordinate that is not reduced', Uint8Array.of(0xee, ...new Uint8Array(30).fill(255), 0x7f)],
    ['no point at all', Uint8Array.of(2, ...new Uint8Array(31))],
  ])('are refused under %s', (_what, key) => {
    expect(outcomeOf(() => verifyDeviceSignature(key, message, signature))).toBe('invalid-key');
  });
});
