import { PublicKey as LibsignalPublicKey } from '@signalapp/libsignal-client';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { isCanonical, portableCurve } from '../../../../src/engines/portable/primitives/curve.js';
import {
  parseExactPublicKey,
  parseHeldPrivateKey,
  parsePrivateKey,
  parsePublicKey,
  publicKeyFromCoordinate,
  type KeyPair,
} from '../../../../src/engines/portable/primitives/keys.js';
import { edwardsOf, toBytes, toInteger } from '../../../../../test-vectors/generate/xeddsa-sign.js';
import { outcomeOf } from '../../../verification/outcome.js';
import { privateKeyFrom } from './libsignal-keys.js';
import { asView, fixedRandom, randomFor, seed, slow, type Bytes } from './support.js';

const { Point } = ed25519;
const rounds = slow ? 5_000 : 100;
const p = 2n ** 255n - 19n;

describe(`X25519 beside libsignal (seed ${seed})`, () => {
  const random = randomFor('x25519');
  const curve = portableCurve(random);

  it('derives the same public keys', () => {
    for (let round = 0; round < rounds; round += 1) {
      const { ours, theirs } = privateKeyFrom(random);
      expect(curve.publicKeyOf(ours)).toEqual(Uint8Array.from(theirs.getPublicKey().serialize()));
    }
  });

  it('agrees on the same secrets, under honest keys and any others', () => {
    let refused = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { ours, theirs } = privateKeyFrom(random);
      const honest = privateKeyFrom(random).theirs.getPublicKey().serialize();
      const anything = publicKeyFromCoordinate(random.bytes(32));
      for (const key of [honest, anything]) {
        let native: Uint8Array | undefined;
        try {
          native = Uint8Array.from(theirs.agree(LibsignalPublicKey.deserialize(Uint8Array.from(key))));
        } catch {
          refused += 1;
        }
        expect(curve.agree(ours, parsePublicKey(asView(key)))).toEqual(native);
      }
    }
    expect(refused).toBe(0);
  });

  it('refuses the secret of zeros, whatever private key it meets', () => {
    const orderEight = toInteger(coordinateOf(lowOrderPoint()));
    const spellings = [0n, 1n, orderEight, p - 1n, p, p + 1n].flatMap((u) => [u, u + 2n ** 255n]);
    for (const u of spellings) {
      const key = publicKeyFromCoordinate(toBytes(u));
      const { ours, theirs } = privateKeyFrom(random);
      expect([u, outcomeOf(() => void curve.agree(ours, key))]).toEqual([u, 'invalid-key']);
      expect(() => theirs.agree(LibsignalPublicKey.deserialize(Uint8Array.from(key)))).toThrow();
    }
  });

  it('generates clamped keys from 32 random bytes, and leaves those alone', () => {
    const bytes = new Uint8Array(32).fill(0xff);
    const { privateKey, publicKey } = portableCurve(fixedRandom(bytes)).generateKeyPair() as KeyPair;
    expect([privateKey[0], privateKey[31]]).toEqual([0xf8, 0x7f]);
    expect(publicKey).toEqual(curve.publicKeyOf(privateKey));
    expect(bytes).toEqual(new Uint8Array(32).fill(0xff));
  });
});

/** A point of order 8: what is left of a point of any order when its other part is taken away. */
function lowOrderPoint(): InstanceType<typeof Point> {
  for (let u = 2n; ; u += 1n) {
    try {
      const point = Point.fromBytes(edwardsOf(u));
      const torsion = point.multiplyUnsafe(Point.Fn.ORDER - 1n).add(point);
      if (!torsion.double().double().is0()) return torsion;
    } catch {
      // On the twist.
    }
  }
}

function coordinateOf(point: InstanceType<typeof Point>): Bytes {
  const { y } = point.toAffine();
  return toBytes(Point.Fp.div(Point.Fp.create(1n + y), Point.Fp.create(1n - y)));
}

describe(`canonical keys (seed ${seed})`, () => {
  const random = randomFor('canonical');
  const curve = portableCurve(random);

  it('are those that come of private keys', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { publicKey } = curve.generateKeyPair() as KeyPair;
      expect(await isCanonical(curve, publicKey)).toBe(true);
    }
  });

  it('have no torsion, no top bit and no other spelling', async () => {
    const torsion = lowOrderPoint();
    for (let round = 0; round < rounds / 10; round += 1) {
      const point = Point.BASE.multiply(toInteger(random.bytes(31)) + 1n);
      const mixed = point.add(torsion.multiplyUnsafe(BigInt(1 + random.integer(7))));
      expect(await isCanonical(curve, publicKeyFromCoordinate(coordinateOf(point)))).toBe(true);
      expect(await isCanonical(curve, publicKeyFromCoordinate(coordinateOf(mixed)))).toBe(false);
      const spelled = toBytes(toInteger(coordinateOf(point)) + 2n ** 255n);
      expect(await isCanonical(curve, publicKeyFromCoordinate(spelled))).toBe(false);
    }
  });

  it('are one in sixteen of all coordinates', async () => {
    let canonical = 0;
    for (let round = 0; round < 400; round += 1) {
      const u = random.bytes(32);
      u[31]! &= 0x7f;
      if (await isCanonical(curve, publicKeyFromCoordinate(u))) canonical += 1;
    }
    // Half are on the twist, and an eighth of the others is in the subgroup; six deviations around 25.
    expect(canonical).toBeGreaterThan(0);
    expect(canonical).toBeLessThan(60);
  });
});

describe('keys as bytes', () => {
  const bytes = Uint8Array.of(5, ...new Uint8Array(32).fill(7));

  it('drops what follows a public key, except where a caller names it', () => {
    const longer = Uint8Array.of(...bytes, 1, 2, 3);
    expect(parsePublicKey(longer)).toEqual(bytes);
    expect(outcomeOf(() => void parseExactPublicKey(longer))).toBe('invalid-key');
    expect(parseExactPublicKey(bytes)).toEqual(bytes);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a type alone', bytes.subarray(0, 1)],
    ['32 bytes', bytes.subarray(0, 32)],
    ['another type', Uint8Array.of(6, ...bytes.subarray(1))],
    ['no type', bytes.subarray(1)],
  ])('refuses a public key of %s', (_, key) => {
    expect(outcomeOf(() => void parsePublicKey(key))).toBe('invalid-key');
    expect(outcomeOf(() => void parseExactPublicKey(key))).toBe('invalid-key');
  });

  it.each([0, 31, 33])('refuses a private key of %i bytes', (length) => {
    expect(outcomeOf(() => void parsePrivateKey(new Uint8Array(length)))).toBe('invalid-key');
  });

  it('gives one array for a held private key, until the key in it is another', () => {
    const [given, same] = [new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(0xff)];
    const parsed = parseHeldPrivateKey(given);
    expect(parsed).toEqual(parsePrivateKey(given));
    expect(parseHeldPrivateKey(given)).toBe(parsed);
    expect(parseHeldPrivateKey(same)).not.toBe(parsed);
    given.fill(0);
    expect(parseHeldPrivateKey(given)).toEqual(parsePrivateKey(new Uint8Array(32)));
    expect(parsed).toEqual(parsePrivateKey(same));
    expect(outcomeOf(() => void parseHeldPrivateKey(new Uint8Array(31)))).toBe('invalid-key');
  });

  it('clamps a private key into an array of its own', () => {
    const given = new Uint8Array(32).fill(0xff);
    const parsed = parsePrivateKey(given);
    expect([parsed[0], parsed[1], parsed[31]]).toEqual([0xf8, 0xff, 0x7f]);
    expect(given).toEqual(new Uint8Array(32).fill(0xff));
    expect(parsePrivateKey(new Uint8Array(32))[31]).toBe(0x40);
  });
});
