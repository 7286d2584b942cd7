/** Ed25519, held against noble's and OpenSSL's. */
import { createPrivateKey, sign } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/bytes.js';
import { seededRandom, type SeededRandom } from '../../src/testing/seeded-random.js';
import { timesBase } from '../../src/verification/edwards-multiples.js';
import { add, compress, decompress } from '../../src/verification/edwards-point.js';
import {
  ed25519KeyPoint,
  ed25519PublicKey,
  ed25519Sign,
  isEd25519Signature,
} from '../../src/verification/ed25519.js';
import { bytesOf, canonical, integerOf, order, scalarOf } from '../../src/verification/field.js';
import { sha512 } from '@noble/hashes/sha2.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? crypto.randomUUID() : '1');
const rounds = slow ? 20_000 : 1_000;

interface Signed {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

function isValid({ key, message, signature }: Signed): boolean {
  const point = ed25519KeyPoint(key);
  return point !== undefined && isEd25519Signature({ bytes: key, point }, message, signature);
}

function isValidToNoble({ key, message, signature }: Signed): boolean {
  return ed25519.verify(signature, message, key, { zip215: false });
}

it('makes the signatures of RFC 8032, section 7.1', () => {
  const secret = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
  const signature =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';
  expect(Buffer.from(ed25519PublicKey(secret)).toString('hex')).toBe(
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  );
  expect(Buffer.from(ed25519Sign(Uint8Array.of(0x72), secret)).toString('hex')).toBe(signature);
});

it.each([0, 31, 33, 64])('refuses a seed of %i bytes', (length) => {
  expect(() => ed25519PublicKey(new Uint8Array(length))).toThrow(RangeError);
  expect(() => ed25519Sign(new Uint8Array(), new Uint8Array(length))).toThrow(RangeError);
});

it(`makes OpenSSL’s keys and signatures (seed ${seed})`, () => {
  const random = seededRandom(`ed25519 ${seed}`);
  for (let round = 0; round < rounds / 4; round += 1) {
    const [secret, message] = [random.bytes(32), random.bytes(random.integer(300))];
    const x = Buffer.from(ed25519PublicKey(secret)).toString('base64url');
    const d = Buffer.from(secret).toString('base64url');
    const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
    expect(Buffer.from(ed25519Sign(message, secret))).toEqual(sign(null, message, key));
    expect(ed25519PublicKey(secret)).toEqual(ed25519.getPublicKey(secret));
  }
});

/** A point of order 8. */
const small = decompress(
  Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'),
)!;

/** By a scalar; `shift` moves the key and the commitment out of the group of the base point. */
function signedBy(random: SeededRandom, shift: { key: boolean; commitment: boolean }): Signed {
  const [scalar, nonce] = [scalarOf(random.bytes(64)), scalarOf(random.bytes(64))];
  const [keyPoint, noncePoint] = [timesBase(scalar), timesBase(nonce)];
  const key = compress(shift.key ? add(keyPoint, small) : keyPoint);
  const commitment = compress(shift.commitment ? add(noncePoint, small) : noncePoint);
  const message = random.bytes(20);
  const challenge = scalarOf(sha512(concatBytes(commitment, key, message)));
  return {
    key,
    message,
    signature: concatBytes(commitment, bytesOf(canonical(nonce + challenge * scalar, order))),
  };
}

const ours = { key: false, commitment: false };
const withHalf = (signed: Signed, half: 0 | 1, bytes: Uint8Array): Signed => {
  const signature = signed.signature.slice();
  signature.set(bytes, 32 * half);
  return { ...signed, signature };
};
const flip = (bytes: Uint8Array, random: SeededRandom) => {
  const copy = bytes.slice();
  copy[random.integer(copy.length)]! ^= 1 << random.integer(8);
  return copy;
};

const kinds: Readonly<
  Record<string, readonly [valid: boolean | undefined, (random: SeededRandom) => Signed]>
> = {
  'nothing changed': [true, (random) => signedBy(random, ours)],
  'a bit of the signature': [
    false,
    (random) => {
      const signed = signedBy(random, ours);
      return { ...signed, signature: flip(signed.signature, random) };
    },
  ],
  'a bit of the key': [
    false,
    (random) => {
      const signed = signedBy(random, ours);
      return { ...signed, key: flip(signed.key, random) };
    },
  ],
  's not reduced': [
    false,
    (random) => {
      const signed = signedBy(random, ours);
      return withHalf(signed, 1, bytesOf(integerOf(signed.signature.subarray(32)) + order));
    },
  ],
  'a part of small order': [
    undefined,
    (random) => signedBy(random, { key: random.integer(2) === 0, commitment: random.integer(2) === 0 }),
  ],
  'a commitment of small order': [
    undefined,
    (random) => withHalf(signedBy(random, ours), 0, compress(small)),
  ],
  'a key of small order': [false, (random) => ({ ...signedBy(random, ours), key: compress(small) })],
  'a commitment that is no number below p': [
    false,
    (random) => withHalf(signedBy(random, ours), 0, new Uint8Array(32).fill(0xff)),
  ],
};

describe(`verification beside noble’s (seed ${seed})`, () => {
  it.each(Object.keys(kinds))('same verdict: %s', (name) => {
    const random = seededRandom(`${name} ${seed}`);
    const [valid, make] = kinds[name]!;
    for (let round = 0; round < rounds / 8; round += 1) {
      const signed = make(random);
      expect([round, isValid(signed)]).toEqual([round, isValidToNoble(signed)]);
      if (valid !== undefined) expect([round, isValid(signed)]).toEqual([round, valid]);
    }
  });

  it('takes a part of small order, which the cofactor cancels', () => {
    const random = seededRandom(`cofactor ${seed}`);
    for (const key of [false, true]) {
      expect(isValid(signedBy(random, { key, commitment: true }))).toBe(true);
    }
  });
});
