import { PublicKey as LibsignalPublicKey } from '@signalapp/libsignal-client';
import { expect, it } from 'vitest';
import { verifySignature } from '@sotto/sdk/verification';
import type { PrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { xeddsaSign } from '../../../../src/engines/portable/primitives/xeddsa.js';
import type { Random } from '../../../../src/ports/index.js';
import { outcomeOf } from '../../../verification/outcome.js';
import { privateKeyFrom } from './libsignal-keys.js';
import { asView, flipped, randomFor, seed, slow, type Bytes } from './support.js';

const rounds = slow ? 5_000 : 150;

const sign = (privateKey: PrivateKey, message: Uint8Array, random: Random) =>
  xeddsaSign(noblePrimitives(random), { privateKey }, message);

it(`libsignal verifies what is signed here, and the reverse (seed ${seed})`, () => {
  const random = randomFor('xeddsa');
  const signs = new Set<number>();
  for (let round = 0; round < rounds; round += 1) {
    const { ours, theirs } = privateKeyFrom(random);
    const publicKey = theirs.getPublicKey();
    const message = random.bytes(random.integer(200)) as Bytes;
    const signature = Uint8Array.from(sign(ours, asView(message), random));
    signs.add(signature[63]! & 0x80);
    expect([round, publicKey.verify(message, signature)]).toEqual([round, true]);
    verifySignature(publicKey.serialize(), message, signature);
    verifySignature(publicKey.serialize(), message, theirs.sign(message));
  }
  // A key of either sign: the bit is carried, not normalized.
  expect(signs).toEqual(new Set([0, 0x80]));
});

it('libsignal refuses what is changed of a signature made here', () => {
  const random = randomFor('changed signatures');
  const { ours, theirs } = privateKeyFrom(random);
  const message = random.bytes(50) as Bytes;
  const key = theirs.getPublicKey();
  const signature = sign(ours, message, random);
  for (let index = 0; index < signature.length; index += 1) {
    const changed = Uint8Array.from(flipped(signature, index, 1 << random.integer(8)));
    expect(LibsignalPublicKey.deserialize(key.serialize()).verify(message, changed)).toBe(false);
    expect(outcomeOf(() => verifySignature(key.serialize(), message, changed))).toBe('invalid-signature');
  }
});

it('takes a new nonce from 64 random bytes each time', () => {
  const random = randomFor('nonces');
  const { ours } = privateKeyFrom(random);
  const asked: number[] = [];
  const counted = { bytes: (length: number) => (asked.push(length), random.bytes(length)) };
  const [first, second] = [1, 2].map(() => sign(ours, new Uint8Array(3), counted));
  expect(asked).toEqual([64, 64]);
  expect(first!.subarray(0, 32)).not.toEqual(second!.subarray(0, 32));
});

it('takes a nonce that depends on the message and the key, should the randomness repeat', () => {
  const random = randomFor('repeated randomness');
  const [one, other] = [privateKeyFrom(random).ours, privateKeyFrom(random).ours];
  const repeated = { bytes: (length: number) => new Uint8Array(length) };
  const commitments = [
    sign(one, Uint8Array.of(1), repeated),
    sign(one, Uint8Array.of(2), repeated),
    sign(other, Uint8Array.of(1), repeated),
  ].map((signature) => signature.subarray(0, 32).join());
  expect(new Set(commitments).size).toBe(3);
});
