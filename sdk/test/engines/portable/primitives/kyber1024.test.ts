import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { KEMKeyPair, KEMPublicKey, KEMSecretKey } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { nobleKyber1024 } from '../../../../src/engines/portable/primitives/kyber1024.js';
import type { KemKeyPair } from '../../../../src/engines/portable/primitives/primitives.js';
import { outcomeOf } from '../../../verification/outcome.js';
import { fixedRandom, flipped, randomFor, seed, slow, type Bytes } from './support.js';

const rounds = slow ? 2_000 : 20;

interface Encapsulated {
  readonly ciphertext: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

describe(`Kyber1024 (seed ${seed})`, () => {
  const random = randomFor('kyber1024');
  const kem = nobleKyber1024(random);
  const generate = () => kem.generateKeyPair() as KemKeyPair;
  const encapsulate = (publicKey: Uint8Array) => kem.encapsulate(publicKey) as Encapsulated;
  const decapsulate = (secretKey: Uint8Array, ciphertext: Uint8Array) =>
    kem.decapsulate(secretKey, ciphertext) as Uint8Array;

  it('gives both sides one secret, under keys of ours and of libsignal', () => {
    for (let round = 0; round < rounds; round += 1) {
      const theirs = KEMKeyPair.generate();
      const keys = [
        generate(),
        { publicKey: theirs.getPublicKey().serialize(), secretKey: theirs.getSecretKey().serialize() },
      ];
      for (const { publicKey, secretKey } of keys) {
        const { ciphertext, sharedSecret } = encapsulate(publicKey);
        expect(ciphertext).toHaveLength(1569);
        expect(sharedSecret).toHaveLength(32);
        expect(decapsulate(secretKey, ciphertext)).toEqual(sharedSecret);
      }
    }
  });

  it('makes keys that libsignal reads', () => {
    const { publicKey, secretKey } = generate();
    expect(KEMPublicKey.deserialize(publicKey as Bytes).serialize()).toEqual(publicKey);
    expect(KEMSecretKey.deserialize(secretKey as Bytes).serialize()).toEqual(secretKey);
  });

  it('is ML-KEM with the randomness hashed before and the secret after', () => {
    const { publicKey, secretKey } = generate();
    const randomness = random.bytes(32);
    const { ciphertext, sharedSecret } = nobleKyber1024(fixedRandom(randomness)).encapsulate(
      publicKey,
    ) as Encapsulated;
    const inside = ml_kem1024.encapsulate(publicKey.subarray(1), sha3_256(randomness));
    expect(ciphertext).toEqual(Uint8Array.of(8, ...inside.cipherText));
    const hashed = Uint8Array.of(...inside.sharedSecret, ...sha3_256(inside.cipherText));
    expect(sharedSecret).toEqual(shake256(hashed, { dkLen: 32 }));
    expect(decapsulate(secretKey, ciphertext)).toEqual(sharedSecret);
  });

  it('gives another secret for a changed ciphertext, and always the same', () => {
    const { publicKey, secretKey } = generate();
    const { ciphertext, sharedSecret } = encapsulate(publicKey);
    for (const index of [1, 700, 1500, 1568]) {
      const changed = flipped(ciphertext, index);
      expect(decapsulate(secretKey, changed)).not.toEqual(sharedSecret);
      expect(decapsulate(secretKey, changed)).toEqual(decapsulate(secretKey, changed));
    }
  });

  const pair = generate();
  const { ciphertext } = encapsulate(pair.publicKey);
  /** Ways to spoil what has a type byte and one length. */
  const spoilt = (bytes: Uint8Array): [string, Uint8Array][] => [
    ['nothing', new Uint8Array()],
    ['ML-KEM’s type', Uint8Array.of(0x0a, ...bytes.subarray(1))],
    ['Kyber768’s type', Uint8Array.of(0x07, ...bytes.subarray(1))],
    ['a byte less', bytes.subarray(0, -1)],
    ['a byte more', Uint8Array.of(...bytes, 0)],
    ['no type', bytes.subarray(1)],
  ];

  it.each(spoilt(pair.publicKey))('refuses a public key with %s', (_, key) => {
    expect(outcomeOf(() => void kem.encapsulate(key))).toBe('invalid-key');
  });

  it.each(spoilt(pair.secretKey))('refuses a secret key with %s', (_, key) => {
    expect(outcomeOf(() => void kem.decapsulate(key, ciphertext))).toBe('invalid-key');
  });

  it.each(spoilt(ciphertext))('refuses a ciphertext with %s', (_, bytes) => {
    expect(outcomeOf(() => void kem.decapsulate(pair.secretKey, bytes))).toBe('invalid-message');
  });

  it('refuses keys that noble refuses: a coefficient above the modulus, a hash that is not the key’s', () => {
    const overflowing = pair.publicKey.slice();
    overflowing.fill(0xff, 1, 4);
    expect(outcomeOf(() => void kem.encapsulate(overflowing))).toBe('invalid-key');
    const unhashed = flipped(pair.secretKey, 3169 - 64);
    expect(outcomeOf(() => void kem.decapsulate(unhashed, ciphertext))).toBe('invalid-key');
  });
});
