import { sha3_256, shake128 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import {
  aesCbcDecrypt,
  aesCbcEncrypt,
  aesCtr,
  aesGcmSivOpen,
  aesGcmSivSeal,
} from '../../../../src/engines/portable/primitives/aes.js';
import { isCanonical, portableCurve } from '../../../../src/engines/portable/primitives/curve.js';
import { invert, multiply } from '../../../../src/engines/portable/primitives/gf65536.js';
import { hkdf, hmacSha256 } from '../../../../src/engines/portable/primitives/hash.js';
import {
  parsePrivateKey,
  parsePublicKey,
  publicKeyFromCoordinate,
  type PrivateKey,
} from '../../../../src/engines/portable/primitives/keys.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { nobleKyber1024 } from '../../../../src/engines/portable/primitives/kyber1024.js';
import {
  assertVector,
  decapsulate,
  encapsulateHeader,
  encapsulateVector,
  generateMlKem768,
} from '../../../../src/engines/portable/primitives/ml-kem-768/index.js';
import { xeddsaSign } from '../../../../src/engines/portable/primitives/xeddsa.js';
import type { KemKeyPair } from '../../../../src/engines/portable/primitives/primitives.js';
import { outcomeOf } from '../../../verification/outcome.js';
import { readVectors } from '../../../vectors/vector-files.js';
import { fixedRandom, randomFor, slow } from './support.js';

/** Byte strings by name; what a test does not have is missed where it is used. */
type Input = Readonly<Record<string, Uint8Array>>;

/** The tests of a file, each with its input as bytes. */
const testsOf = (name: string) =>
  readVectors(name).tests.map((test) => ({ ...test, bytes: test.input as Input, input: test.input }));

describe('x25519.json', () => {
  const curve = portableCurve(randomFor('x25519'));
  const tests = testsOf('x25519.json');

  it.each(tests.filter(({ flags }) => !flags.includes('iterated')))(
    '$id is $result',
    ({ bytes, output, failure, result }) => {
      let shared: unknown;
      const outcome = outcomeOf(() => {
        shared = curve.agree(parsePrivateKey(bytes['privateKey']!), parsePublicKey(bytes['publicKey']!));
      });
      expect(outcome).toBe(failure ?? result);
      expect(shared).toEqual(output?.['sharedSecret']);
    },
  );

  const count = (test: (typeof tests)[number]) => test.input['count'] as number;
  it.each(tests.filter((test) => test.flags.includes('iterated') && (slow || count(test) === 1)))(
    '$id',
    (test) => {
      // The function itself: its scalars are clamped when they are used, its coordinates are any bytes.
      let scalar = Uint8Array.of(9, ...new Uint8Array(31));
      let u = scalar;
      for (let round = 0; round < count(test); round += 1) {
        const result = curve.agree(parsePrivateKey(scalar), publicKeyFromCoordinate(u));
        [u, scalar] = [scalar, Uint8Array.from(result as Uint8Array)];
      }
      expect(scalar).toEqual(test.output?.['sharedSecret']);
    },
  );
});

it.each(testsOf('canonical-key.json'))('canonical-key.json: $id is $result', async ({ bytes, result }) => {
  const curve = portableCurve(randomFor('canonical'));
  expect(await isCanonical(curve, parsePublicKey(bytes['publicKey']!))).toBe(result === 'valid');
});

it.each(testsOf('xeddsa-sign.json'))('xeddsa-sign.json: $id', ({ bytes, output }) => {
  const random = fixedRandom(bytes['randomness']!);
  const signer = { privateKey: bytes['privateKey'] as PrivateKey };
  const signature = xeddsaSign(noblePrimitives(random), signer, bytes['message']!);
  expect(signature).toEqual(output?.['signature']);
});

it.each(testsOf('hmac-sha256.json'))('hmac-sha256.json: $id', ({ bytes, output }) => {
  expect(hmacSha256(bytes['key']!, bytes['message']!)).toEqual(output?.['mac']);
});

it.each(testsOf('hkdf-sha256.json'))('hkdf-sha256.json: $id', ({ bytes, input, output }) => {
  const length = input['length'] as number;
  expect(hkdf(bytes['salt'], bytes['input']!, bytes['info']!, length)).toEqual(output?.['output']);
});

it.each(testsOf('aes-cbc.json'))('aes-cbc.json: $id is $result', ({ bytes, output, result }) => {
  const [key, iv] = [bytes['key']!, bytes['iv']!];
  if (result === 'valid') expect(aesCbcEncrypt(key, iv, bytes['plaintext']!)).toEqual(output?.['ciphertext']);
  const ciphertext = (output?.['ciphertext'] ?? bytes['ciphertext']) as Uint8Array;
  expect(aesCbcDecrypt(key, iv, ciphertext)).toEqual(bytes['plaintext']);
});

it.each(testsOf('aes-ctr.json'))('aes-ctr.json: $id', ({ bytes, output }) => {
  expect(aesCtr(bytes['key']!, bytes['data']!)).toEqual(output?.['data']);
});

it.each(testsOf('aes-gcm-siv.json'))('aes-gcm-siv.json: $id is $result', ({ bytes, output, result }) => {
  const key = bytes['key']!;
  if (result === 'valid') expect(aesGcmSivSeal(key, bytes['plaintext']!)).toEqual(output?.['ciphertext']);
  const ciphertext = (output?.['ciphertext'] ?? bytes['ciphertext']) as Uint8Array;
  expect(aesGcmSivOpen(key, ciphertext)).toEqual(bytes['plaintext']);
});

describe('ml-kem-768.json', () => {
  const tests = testsOf('ml-kem-768.json');

  it.each(tests.filter(({ flags }) => flags.includes('halves')))('$id', ({ bytes, output }) => {
    const { header, vector, decapsulationKey } = generateMlKem768(fixedRandom(bytes['seed']!));
    const { ciphertext1, sharedSecret, pending } = encapsulateHeader(header, fixedRandom(bytes['message']!));
    const ciphertext2 = encapsulateVector(pending, vector);
    expect({
      header,
      vectorHash: sha3_256(vector),
      ciphertext1Hash: sha3_256(ciphertext1),
      ciphertext2Hash: sha3_256(ciphertext2),
      sharedSecret,
    }).toEqual(output);
    expect(decapsulate(decapsulationKey, ciphertext1, ciphertext2)).toEqual(sharedSecret);
  });

  const count = (test: (typeof tests)[number]) => test.input['count'] as number;
  it.each(tests.filter((test) => test.flags.includes('accumulated') && (slow || count(test) <= 100)))(
    '$id',
    (test) => {
      const [stream, seen] = [shake128.create(), shake128.create()];
      for (let round = 0; round < count(test); round += 1) {
        const { header, vector, decapsulationKey } = generateMlKem768(fixedRandom(stream.xof(64)));
        assertVector(header, vector);
        const half = encapsulateHeader(header, fixedRandom(stream.xof(32)));
        const ciphertext = concatBytes(half.ciphertext1, encapsulateVector(half.pending, vector));
        const open = (bytes: Uint8Array) =>
          decapsulate(decapsulationKey, bytes.subarray(0, 960), bytes.subarray(960));
        expect(open(ciphertext)).toEqual(half.sharedSecret);
        seen.update(vector).update(header.subarray(0, 32));
        seen
          .update(ciphertext)
          .update(half.sharedSecret)
          .update(open(stream.xof(1088)));
      }
      expect(seen.xof(32)).toEqual(test.output?.['digest']);
    },
  );
});

it.each(testsOf('kyber1024.json'))('kyber1024.json: $id', async ({ bytes, output }) => {
  const kem = (random: Uint8Array) => nobleKyber1024(fixedRandom(random));
  const { publicKey, secretKey } = kem(bytes['seed']!).generateKeyPair() as KemKeyPair;
  const { ciphertext, sharedSecret } = await kem(bytes['randomness']!).encapsulate(publicKey);
  expect({
    publicKeyHash: sha3_256(publicKey.subarray(1)),
    ciphertextHash: sha3_256(ciphertext.subarray(1)),
    sharedSecret,
  }).toEqual(output);
  const unused = new Uint8Array();
  expect(await kem(unused).decapsulate(secretKey, ciphertext)).toEqual(sharedSecret);
});

it.each(testsOf('gf65536.json'))('gf65536.json: $id', ({ input, output }) => {
  const { left, right, value } = input as Record<string, number>;
  if (value === undefined) expect(multiply(left!, right!)).toBe(output?.['product']);
  else expect(invert(value)).toBe(output?.['inverse']);
});
