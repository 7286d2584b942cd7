import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Aes256GcmSiv } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import {
  aesCbcDecrypt,
  aesCbcEncrypt,
  aesCtr,
  aesGcmSivOpen,
  aesGcmSivSeal,
} from '../../../../src/engines/portable/primitives/aes.js';
import { asView, flipped, randomFor, seed, slow, type Bytes } from './support.js';

const rounds = slow ? 50_000 : 1_000;

function openSslDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
  const decipher = createDecipheriv('aes-256-cbc', key, iv);
  try {
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  } catch {
    return undefined;
  }
}

describe(`AES beside OpenSSL and libsignal (seed ${seed})`, () => {
  const random = randomFor('aes');
  const some = () => random.bytes(random.integer(100));

  it('CBC encrypts alike, and decrypts its own', () => {
    for (let round = 0; round < rounds; round += 1) {
      const [key, iv, plaintext] = [random.bytes(32), random.bytes(16), some()];
      const cipher = createCipheriv('aes-256-cbc', key, iv);
      const theirs = new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final()]));
      expect(aesCbcEncrypt(asView(key), asView(iv), asView(plaintext))).toEqual(theirs);
      expect(aesCbcDecrypt(asView(key), asView(iv), asView(theirs))).toEqual(plaintext);
    }
  });

  it('CBC takes and refuses the same ciphertexts', () => {
    const seen = { taken: 0, refused: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const [key, iv, ciphertext] = [random.bytes(32), random.bytes(16), random.bytes(random.integer(50))];
      // Padding that is right by chance is rare: half of them are honest and then changed.
      const changed = aesCbcEncrypt(key, iv, some());
      const input = random.chance(0.5) ? ciphertext : flipped(changed, random.integer(changed.length));
      const theirs = openSslDecrypt(key, iv, input);
      expect([round, aesCbcDecrypt(key, iv, input)]).toEqual([round, theirs]);
      seen[theirs ? 'taken' : 'refused'] += 1;
    }
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(rounds / 20);
  });

  it('CTR is the same both ways', () => {
    for (let round = 0; round < rounds; round += 1) {
      const [key, data] = [random.bytes(32), some()];
      const theirs = new Uint8Array(createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(data));
      expect(aesCtr(asView(key), asView(data))).toEqual(theirs);
      expect(aesCtr(key, theirs)).toEqual(data);
    }
  });

  it('GCM-SIV seals alike and opens its own; one changed bit, one missing byte, and it does not', () => {
    for (let round = 0; round < rounds / 4; round += 1) {
      const [key, plaintext] = [random.bytes(32) as Bytes, some() as Bytes];
      const theirs = Aes256GcmSiv.new(key).encrypt(plaintext, new Uint8Array(12), new Uint8Array());
      const sealed = aesGcmSivSeal(asView(key), asView(plaintext));
      expect(sealed).toEqual(Uint8Array.from(theirs));
      expect(aesGcmSivOpen(asView(key), asView(sealed))).toEqual(plaintext);
      const bit = flipped(sealed, random.integer(sealed.length), 1 << random.integer(8));
      expect(aesGcmSivOpen(key, bit)).toBeUndefined();
      expect(aesGcmSivOpen(key, sealed.subarray(0, random.integer(sealed.length)))).toBeUndefined();
    }
  });
});

it('gives arrays of their own and leaves the input alone', () => {
  const [key, iv, data] = [new Uint8Array(32), new Uint8Array(16), new Uint8Array(32).fill(3)];
  const ciphertext = aesCbcEncrypt(key, iv, data);
  const sealed = aesGcmSivSeal(key, data);
  const before = [ciphertext.slice(), sealed.slice()];
  for (const made of [aesCbcDecrypt(key, iv, ciphertext)!, aesCtr(key, data), aesGcmSivOpen(key, sealed)!]) {
    expect([key, iv, data, ciphertext, sealed].map(({ buffer }) => buffer)).not.toContain(made.buffer);
    made.fill(0xff);
  }
  expect([key, iv, data]).toEqual([new Uint8Array(32), new Uint8Array(16), new Uint8Array(32).fill(3)]);
  expect([ciphertext, sealed]).toEqual(before);
});
