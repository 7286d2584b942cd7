/** Every provider gives the bytes of the vectors, and those that noble gives for anything else. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { isCanonical } from '../../../../src/engines/portable/primitives/curve.js';
import {
  parsePrivateKey,
  parsePublicKey,
  publicKeyFromCoordinate,
  type PrivateKey,
} from '../../../../src/engines/portable/primitives/keys.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { xeddsaSign } from '../../../../src/engines/portable/primitives/xeddsa.js';
import { isSottoError } from '../../../../src/errors.js';
import { edwardsOf, toBytes, toInteger } from '../../../../../test-vectors/generate/xeddsa-sign.js';
import { readVectors } from '../../../vectors/vector-files.js';
import { providers } from './providers.js';
import { asView, fixedRandom, flipped, randomFor, seed, slow } from './support.js';

type Input = Readonly<Record<string, Uint8Array>>;

const testsOf = (name: string) =>
  readVectors(name).tests.map((test) => ({ ...test, bytes: test.input as Input, input: test.input }));

const { Point } = ed25519;
const p = 2n ** 255n - 19n;
const rounds = slow ? 5_000 : 60;

/** What a provider gives, or the code that it throws. */
async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}

/** Noble's agreement, as an outcome. */
function nobleAgreement(privateKey: PrivateKey, u: Uint8Array): unknown {
  try {
    return x25519.getSharedSecret(privateKey, u);
  } catch {
    return 'invalid-key';
  }
}

/** The check as arithmetic in the open: a point of the curve, spelled in the one way, in the prime subgroup. */
function isCanonicalPoint(u: Uint8Array): boolean {
  const value = toInteger(u);
  if (value >= p) return false;
  try {
    return Point.fromBytes(edwardsOf(value)).isTorsionFree();
  } catch {
    return false;
  }
}

const coordinateOf = (point: InstanceType<typeof Point>): Uint8Array => {
  const { y } = point.toAffine();
  return toBytes(Point.Fp.div(Point.Fp.create(1n + y), Point.Fp.create(1n - y)));
};

/** A point of order 8. */
const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

/** Coordinates that are or may be awkward: low order, other spellings, the ends of the field, the twist. */
function awkward(random: ReturnType<typeof randomFor>): Uint8Array[] {
  const orderEight = [torsion, torsion.add(torsion.double())].map((point) => toInteger(coordinateOf(point)));
  const ends = Array.from({ length: 19 }, (_, index) => p + BigInt(index));
  const values = [0n, 1n, 2n, 9n, ...orderEight, p - 1n, p - 2n, ...ends];
  const point = Point.BASE.multiply(toInteger(random.bytes(31)) + 1n);
  const mixed = Array.from({ length: 7 }, (_, index) =>
    coordinateOf(point.add(torsion.multiplyUnsafe(BigInt(index + 1)))),
  );
  const all = [...values.map((value) => toBytes(value)), coordinateOf(point), ...mixed, random.bytes(32)];
  return all.flatMap((u) => [u, flipped(u, 31, 0x80)]);
}

describe.each(providers)('$name', ({ curve, ciphers, primitives }) => {
  describe('by the vectors', () => {
    const exchanges = testsOf('x25519.json').filter(({ flags }) => !flags.includes('iterated'));
    it.each(exchanges)('x25519.json: $id is $result', async ({ bytes, output, failure }) => {
      const [ours, theirs] = [parsePrivateKey(bytes['privateKey']!), parsePublicKey(bytes['publicKey']!)];
      expect(await outcome(() => curve.agree(ours, theirs))).toEqual(failure ?? output?.['sharedSecret']);
    });

    it.each(testsOf('canonical-key.json'))(
      'canonical-key.json: $id is $result',
      async ({ bytes, result }) => {
        const publicKey = parsePublicKey(bytes['publicKey']!);
        expect(await isCanonical(curve, publicKey)).toBe(result === 'valid');
      },
    );

    it.each(testsOf('xeddsa-sign.json'))('xeddsa-sign.json: $id', ({ bytes, output }) => {
      const privateKey = bytes['privateKey'] as PrivateKey;
      const own = primitives(fixedRandom(bytes['randomness']!));
      expect(xeddsaSign(own, { privateKey }, bytes['message']!)).toEqual(output?.['signature']);
    });

    it.each(testsOf('aes-cbc.json'))('aes-cbc.json: $id is $result', async ({ bytes, output, result }) => {
      const [key, iv] = [bytes['key']!, bytes['iv']!];
      const ciphertext = (output?.['ciphertext'] ?? bytes['ciphertext']) as Uint8Array;
      expect(await ciphers.aesCbcDecrypt(key, iv, ciphertext)).toEqual(bytes['plaintext']);
      if (result === 'valid')
        expect(await ciphers.aesCbcEncrypt(key, iv, bytes['plaintext']!)).toEqual(ciphertext);
    });

    it.each(testsOf('aes-ctr.json'))('aes-ctr.json: $id', async ({ bytes, output }) => {
      expect(await ciphers.aesCtr(bytes['key']!, bytes['data']!)).toEqual(output?.['data']);
    });

    it.each(testsOf('hmac-sha256.json'))('hmac-sha256.json: $id', async ({ bytes, output }) => {
      expect(await ciphers.hmacSha256(bytes['key']!, bytes['message']!)).toEqual(output?.['mac']);
    });

    it.each(testsOf('kyber1024.json'))('kyber1024.json: $id', async ({ bytes, output }) => {
      const kem = (random: Uint8Array) => primitives(fixedRandom(random)).kyber1024;
      const { keccak } = primitives(randomFor('unused'));
      const { publicKey, secretKey } = await kem(bytes['seed']!).generateKeyPair();
      const { ciphertext, sharedSecret } = await kem(bytes['randomness']!).encapsulate(publicKey);
      const made = {
        publicKeyHash: keccak.sha3_256(publicKey.subarray(1)),
        ciphertextHash: keccak.sha3_256(ciphertext.subarray(1)),
        sharedSecret,
      };
      expect(made).toEqual(output);
      expect(await kem(bytes['seed']!).decapsulate(secretKey, ciphertext)).toEqual(sharedSecret);
    });
  });

  describe(`beside noble (seed ${seed})`, () => {
    it('agrees on the same secrets, and refuses the same keys, honest and not', async () => {
      const random = randomFor('agreements');
      const seen = { agreed: 0, refused: 0 };
      for (let round = 0; round < Math.max(2, rounds / 20); round += 1) {
        const privateKey = parsePrivateKey(random.bytes(32));
        const honest = Array.from({ length: 20 }, () => random.bytes(32));
        for (const u of [...honest, ...awkward(random)]) {
          const expected = nobleAgreement(privateKey, u);
          const made = await outcome(() => curve.agree(privateKey, publicKeyFromCoordinate(asView(u))));
          expect([u, made]).toEqual([u, expected]);
          seen[made === 'invalid-key' ? 'refused' : 'agreed'] += 1;
        }
      }
      expect(Math.min(seen.agreed, seen.refused)).toBeGreaterThan(20);
    });

    it('derives the same public keys, again and from views', async () => {
      const random = randomFor('public keys');
      for (let round = 0; round < rounds; round += 1) {
        const privateKey = parsePrivateKey(random.bytes(32));
        const expected = publicKeyFromCoordinate(x25519.getPublicKey(privateKey));
        expect(await curve.publicKeyOf(privateKey)).toEqual(expected);
        expect(await curve.publicKeyOf(asView(privateKey) as PrivateKey)).toEqual(expected);
        expect(await curve.publicKeyOf(privateKey)).toEqual(expected);
      }
    });

    it('draws the same key pairs from the same randomness, before it waits', async () => {
      const [ours, noble] = [randomFor('pairs'), randomFor('pairs')];
      const [mine, theirs] = [primitives(ours), noblePrimitives(noble)];
      const pending = [mine.curve.generateKeyPair(), mine.curve.generateKeyPair()];
      const after = ours.bytes(8);
      for (const pair of pending) expect(await pair).toEqual(await theirs.curve.generateKeyPair());
      expect(after).toEqual(noble.bytes(8));
    });

    it('calls the same base keys canonical', async () => {
      const random = randomFor('canonical keys');
      const seen = [0, 0];
      for (let round = 0; round < Math.max(2, rounds / 20); round += 1) {
        const some = Array.from({ length: 10 }, () => x25519.getPublicKey(random.bytes(32)));
        const any = Array.from({ length: 10 }, () => random.bytes(32));
        for (const u of [...some, ...any, ...awkward(random)]) {
          const canonical = await isCanonical(curve, publicKeyFromCoordinate(u));
          expect([u, canonical]).toEqual([u, isCanonicalPoint(u)]);
          seen[Number(canonical)]! += 1;
        }
      }
      expect(Math.min(...seen)).toBeGreaterThan(20);
    });

    it('signs alike, whether it knows the public key or not', () => {
      const random = randomFor('signatures');
      for (let round = 0; round < rounds; round += 1) {
        const privateKey = parsePrivateKey(random.bytes(32));
        const publicKey = publicKeyFromCoordinate(x25519.getPublicKey(privateKey));
        const [message, randomness] = [random.bytes(random.integer(300)), random.bytes(64)];
        const sign = (own: typeof primitives, signer: Parameters<typeof xeddsaSign>[1]) =>
          xeddsaSign(own(fixedRandom(randomness)), signer, asView(message));
        const expected = sign(noblePrimitives, { privateKey });
        for (const signer of [{ privateKey }, { privateKey, publicKey }, { privateKey, publicKey }]) {
          expect(sign(primitives, signer)).toEqual(expected);
        }
      }
    });

    it.each(['as chosen', 'whatever the length'])(
      'enciphers and hashes alike, at all lengths, %s',
      async (how) => {
        const random = randomFor(`ciphers ${how}`);
        const mine = how === 'as chosen' ? primitives(random).ciphers : ciphers;
        const noble = noblePrimitives(random).ciphers;
        const long = [2_047, 2_048, 2_049, 4_096, 70_000];
        for (const length of [...Array.from({ length: 100 }, (_, index) => index), ...long]) {
          const [key, iv, data] = [random.bytes(32), random.bytes(16), asView(random.bytes(length))];
          const ciphertext = await mine.aesCbcEncrypt(asView(key), asView(iv), data);
          expect(ciphertext).toEqual(await noble.aesCbcEncrypt(key, iv, data));
          expect(await mine.aesCbcDecrypt(key, iv, asView(ciphertext))).toEqual(Uint8Array.from(data));
          const other = random.chance(0.5) ? data : flipped(ciphertext, random.integer(ciphertext.length));
          expect(await mine.aesCbcDecrypt(key, iv, other)).toEqual(await noble.aesCbcDecrypt(key, iv, other));
          expect(await mine.aesCtr(key, data)).toEqual(await noble.aesCtr(key, data));
          expect(await mine.hmacSha256(key, data)).toEqual(await noble.hmacSha256(key, data));
          expect(await mine.hmacSha256(data, key)).toEqual(await noble.hmacSha256(data, key));
          expect(primitives(random).sha512(data)).toEqual(noblePrimitives(random).sha512(data));
        }
      },
    );

    it('gives arrays of its own and leaves the input alone', async () => {
      const [key, iv, data] = [new Uint8Array(32), new Uint8Array(16), new Uint8Array(32).fill(3)];
      const ciphertext = await ciphers.aesCbcEncrypt(key, iv, data);
      const made = [
        ciphertext,
        (await ciphers.aesCbcDecrypt(key, iv, ciphertext))!,
        await ciphers.aesCtr(key, data),
        await ciphers.hmacSha256(key, data),
        primitives(randomFor('own')).sha512(data),
      ];
      for (const bytes of made) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
        bytes.fill(0xff);
      }
      expect(new Set(made.map(({ buffer }) => buffer)).size).toBe(made.length);
      expect([key, iv, data]).toEqual([new Uint8Array(32), new Uint8Array(16), new Uint8Array(32).fill(3)]);
    });

    it('hashes as Keccak does, short and long', () => {
      const random = randomFor('keccak');
      const [mine, noble] = [primitives(random).keccak, noblePrimitives(random).keccak];
      for (const length of [0, 1, 33, 34, 135, 136, 137, 167, 168, 169, 1_568]) {
        const message = asView(random.bytes(length));
        expect(mine.sha3_256(message)).toEqual(noble.sha3_256(message));
        expect(mine.sha3_512(message)).toEqual(noble.sha3_512(message));
        for (const size of [1, 32, 128, 504, 1_008]) {
          expect(mine.shake128(message, size)).toEqual(noble.shake128(message, size));
          expect(mine.shake256(message, size)).toEqual(noble.shake256(message, size));
        }
      }
    });
  });
});
