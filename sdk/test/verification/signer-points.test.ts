import { PrivateKey, PublicKey } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { verifySignature } from '@sotto/sdk/verification';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { SignerMemory } from '../../src/verification/signer-points.js';
import { signXeddsa } from '../../../test-vectors/generate/xeddsa-sign.js';
import { outcomeOf } from './outcome.js';

type Bytes = Uint8Array<ArrayBuffer>;

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

function signer(random: ReturnType<typeof seededRandom>) {
  const key = PrivateKey.deserialize(random.bytes(32) as Bytes);
  const publicKey = key.getPublicKey().serialize();
  const sign = (message: Bytes) => signXeddsa(key.serialize(), message, random.bytes(64));
  return { publicKey, sign };
}

describe('the memory of signers', () => {
  const random = seededRandom(`signers ${seed}`);
  const [first, second, third] = [1, 2, 3].map(() => signer(random).publicKey.subarray(1)) as [
    Bytes,
    Bytes,
    Bytes,
  ];

  it('gives a signer that it knows without converting it again', () => {
    const memory = new SignerMemory(2);
    expect(memory.pointsOf(first, true)).toBe(memory.pointsOf(first, true));
  });

  it('keeps both signs of a key apart', () => {
    const memory = new SignerMemory(2);
    const [positive, negative] = [memory.pointsOf(first, false), memory.pointsOf(first, true)];
    expect(negative.encoded[31]! ^ positive.encoded[31]!).toBe(0x80);
    expect(memory.pointsOf(first, false)).toBe(positive);
  });

  it('is bounded, and forgets who was used least recently', () => {
    const memory = new SignerMemory(2);
    const points = memory.pointsOf(first, false);
    const forgotten = memory.pointsOf(second, false);
    memory.pointsOf(first, false);
    memory.pointsOf(third, false);
    expect(memory.size).toBe(2);
    expect(memory.pointsOf(first, false)).toBe(points);
    expect(memory.pointsOf(second, false)).not.toBe(forgotten);
  });

  it('has no multiples of a key that has no point, and nothing at all of −1', () => {
    const memory = new SignerMemory(2);
    const onTwist = Uint8Array.of(2, ...new Uint8Array(31));
    expect(outcomeOf(() => void memory.pointsOf(onTwist, false).negativeComb())).toBe('invalid-signature');
    expect(memory.size).toBe(1);
    const minusOne = Uint8Array.of(0xec, ...new Uint8Array(30).fill(0xff), 0x7f);
    expect(outcomeOf(() => void memory.pointsOf(minusOne, false))).toBe('invalid-signature');
    expect(memory.size).toBe(1);
  });

  it('asks the platform once for a signer, and not before its first signature', async () => {
    const asked: Uint8Array[] = [];
    const later: Uint8Array[] = [];
    const memory = new SignerMemory(2, () => ({
      now: (key) => {
        asked.push(key);
        return (message) => message.length === 1;
      },
      later: async (key) => {
        later.push(key);
        return async (message) => message.length === 2;
      },
    }));
    const points = memory.pointsOf(first, false);
    expect(asked).toEqual([]);
    const verdicts = [1, 2, 1].map((length) => points.accepts(new Uint8Array(length), new Uint8Array(64)));
    expect(verdicts).toEqual([true, false, true]);
    expect(asked).toEqual([points.encoded]);
    expect(later).toEqual([]);
    for (const length of [1, 2]) {
      expect(await points.acceptsLater(new Uint8Array(length), new Uint8Array(64))).toBe(length === 2);
    }
    expect(later).toEqual([points.encoded]);
  });
});

/** Signers that come again, in an order that makes the memory forget some: what it keeps changes no verdict. */
it(`signers verify like the first time, as libsignal has it (seed ${seed})`, () => {
  const random = seededRandom(`returning signers ${seed}`);
  const signers = Array.from({ length: 300 }, () => signer(random));
  const seen = { valid: 0, 'invalid-signature': 0 };
  for (let round = 0; round < 900; round += 1) {
    const { publicKey, sign } = signers[random.chance(0.5) ? random.integer(300) : random.integer(4)]!;
    const message = random.bytes(random.integer(40)) as Bytes;
    const signature = sign(message);
    // Half of them by another sign of the key, or by another key.
    if (random.chance(0.25)) signature[63] = signature[63]! ^ 0x80;
    const key = random.chance(0.25) ? signers[random.integer(300)]!.publicKey : publicKey;
    const theirs = PublicKey.deserialize(key).verify(message, signature) ? 'valid' : 'invalid-signature';
    expect([round, outcomeOf(() => verifySignature(key, message, signature))]).toEqual([round, theirs]);
    seen[theirs] += 1;
  }
  expect(Math.min(seen.valid, seen['invalid-signature'])).toBeGreaterThan(200);
});
