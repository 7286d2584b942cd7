import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  hkdf,
  hmacSha256,
  hmacSha256Pair,
  sha256,
  sha512,
} from '../../../../src/engines/portable/primitives/hash.js';
import { asView, randomFor, seed, slow } from './support.js';

const rounds = slow ? 200_000 : 3_000;

const openSsl = {
  hmac: (key: Uint8Array, message: Uint8Array) =>
    new Uint8Array(createHmac('sha256', key).update(message).digest()),
  hkdf: (salt: Uint8Array | undefined, input: Uint8Array, info: Uint8Array, length: number) =>
    new Uint8Array(hkdfSync('sha256', input, salt ?? new Uint8Array(32), info, length)),
};

describe(`hashes beside OpenSSL (seed ${seed})`, () => {
  const random = randomFor('hashes');
  const some = (max: number) => random.bytes(random.integer(max + 1));

  it('HMAC: keys and messages of all lengths around the block', () => {
    for (let round = 0; round < rounds; round += 1) {
      const [key, message] = [some(140), some(round % 10 === 0 ? 2_000 : 140)];
      expect(hmacSha256(asView(key), asView(message))).toEqual(openSsl.hmac(key, message));
    }
  });

  it('HMAC of two messages under one key', () => {
    for (let round = 0; round < rounds / 10; round += 1) {
      const [key, first, second] = [some(140), some(140), some(140)];
      const theirs = [openSsl.hmac(key, first), openSsl.hmac(key, second)];
      expect(hmacSha256Pair(asView(key), asView(first), asView(second))).toEqual(theirs);
    }
  });

  it('HKDF: all parts of all lengths', () => {
    for (let round = 0; round < rounds; round += 1) {
      const [salt, input, info] = [random.chance(0.2) ? undefined : some(100), some(200), some(100)];
      const length = 1 + random.integer(200);
      const theirs = openSsl.hkdf(salt, input, info, length);
      expect(hkdf(salt && asView(salt), asView(input), asView(info), length)).toEqual(theirs);
    }
  });

  it('SHA-256 and SHA-512', () => {
    for (let round = 0; round < 300; round += 1) {
      const message = some(300);
      const theirs = (name: string) => new Uint8Array(createHash(name).update(message).digest());
      expect(sha256(message)).toEqual(theirs('sha256'));
      expect(sha512(message)).toEqual(theirs('sha512'));
    }
  });

  it('a message of megabytes', () => {
    const message = new Uint8Array(5_000_003).fill(0x5a);
    expect(hmacSha256(message, message)).toEqual(openSsl.hmac(message, message));
  });
});

describe('what is derived', () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index);

  it('is in arrays of its own, which the next call does not touch', () => {
    const made = [hmacSha256(key, key), hkdf(key, key, key, 64), hkdf(undefined, key, key, 80)];
    const before = made.map((bytes) => bytes.slice());
    hmacSha256(before[0]!, key);
    hkdf(before[1], key, key, 96);
    expect(made).toEqual(before);
    for (const bytes of made) expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it('leaves its input as it was', () => {
    const [salt, input, info] = [key.slice(), key.slice(), key.slice()];
    hkdf(salt, input, info, 96);
    hmacSha256(salt, input);
    for (const bytes of [salt, input, info]) expect(bytes).toEqual(key);
  });

  it('depends on every part', () => {
    const other = Uint8Array.of(1);
    const outputs = [
      hkdf(key, key, key, 32),
      hkdf(other, key, key, 32),
      hkdf(key, other, key, 32),
      hkdf(key, key, other, 32),
    ];
    expect(new Set(outputs.map((output) => output.join())).size).toBe(4);
  });

  it('ends at 255 hashes', () => {
    expect(hkdf(key, key, key, 8_160)).toHaveLength(8_160);
    expect(() => hkdf(key, key, key, 8_161)).toThrow(RangeError);
  });
});
