/** Ed25519 (RFC 8032, section 5.1), signing and strict verification, over `edwards-point.ts`. Knows nothing of what is signed. */
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../bytes.js';
import { combOf, timesBase, timesBasePublic, timesPublic } from './edwards-multiples.js';
import {
  add,
  compress,
  decompress,
  isNeutral,
  negate,
  timesCofactor,
  type EdwardsPoint,
} from './edwards-point.js';
import { bytesOf, canonical, integerOf, order, scalarOf } from './field.js';

const half = 32;

/** A public key and its point. */
export interface Ed25519Key {
  readonly bytes: Uint8Array;
  readonly point: EdwardsPoint;
}

/**
 * The point of a public key.
 * @param bytes - 32
 * @returns `undefined` when they are none, not the one spelling, or of small order
 */
export function ed25519KeyPoint(bytes: Uint8Array): EdwardsPoint | undefined {
  const point = decompress(bytes);
  return point && !isNeutral(timesCofactor(point)) ? point : undefined;
}

/**
 * Whether a signature verifies: canonical encodings, `s` below the order of the group, and the equation with the
 * cofactor.
 * @param signature - 64 bytes
 */
export function isEd25519Signature(key: Ed25519Key, message: Uint8Array, signature: Uint8Array): boolean {
  const commitment = decompress(signature.subarray(0, half));
  const s = integerOf(signature.subarray(half));
  if (!commitment || s >= order) return false;
  const challenge = scalarOf(sha512(concatBytes(signature.subarray(0, half), key.bytes, message)));
  const expected = add(timesBasePublic(s), timesPublic(combOf(negate(key.point)), challenge));
  return isNeutral(timesCofactor(add(expected, negate(commitment))));
}

/** The public key of a seed of 32 bytes: 32 bytes. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return compress(timesBase(expand(seed).scalar));
}

/** Signs by a seed of 32 bytes: 64 bytes. */
export function ed25519Sign(message: Uint8Array, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const { scalar, prefix } = expand(seed);
  const nonce = scalarOf(sha512(concatBytes(prefix, message)));
  const commitment = compress(timesBase(nonce));
  const challenge = scalarOf(sha512(concatBytes(commitment, compress(timesBase(scalar)), message)));
  return concatBytes(commitment, bytesOf(canonical(nonce + challenge * scalar, order)));
}

/** What a seed stands for: a clamped scalar, and what nonces are hashed with. */
function expand(seed: Uint8Array): { readonly scalar: bigint; readonly prefix: Uint8Array } {
  if (seed.length !== half) throw new RangeError('a seed has 32 bytes');
  const hash = sha512(seed);
  hash[0] = (hash[0] as number) & 0xf8;
  hash[31] = ((hash[31] as number) & 0x7f) | 0x40;
  return { scalar: integerOf(hash.subarray(0, half)), prefix: hash.subarray(half) };
}
