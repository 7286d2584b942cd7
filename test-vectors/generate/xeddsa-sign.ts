/**
 * XEdDSA signing with the randomness as an argument, so that vectors come out the same every time. For
 * vectors alone: it takes no care of timing, and whoever repeats the randomness gives the key away.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../../sdk/src/bytes.js';

const { Point } = ed25519;

/** The order of the prime subgroup. */
export const groupOrder = Point.Fn.ORDER;

/** Little-endian bytes to an integer. */
export function toInteger(bytes: Uint8Array): bigint {
  return bytesToNumberLE(bytes);
}

/** An integer below 2^256 to 32 little-endian bytes. */
export function toBytes(integer: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(numberToBytesLE(integer, 32));
}

/**
 * Signs.
 * @param privateKey - 32 bytes, clamped
 * @param randomness - 64 bytes
 */
export function signXeddsa(
  privateKey: Uint8Array,
  message: Uint8Array,
  randomness: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const prefix = new Uint8Array(32).fill(0xff);
  prefix[0] = 0xfe;
  const r = toInteger(sha512(concatBytes(prefix, privateKey, message, randomness))) % groupOrder;
  return signWithCommitment(privateKey, message, Point.BASE.multiply(r).toBytes(), r);
}

/**
 * The signature with commitment bytes of the caller's choice and the response that fits the scalar `r`:
 * what one has to be able to make in order to see how a verifier reads commitments.
 */
export function signWithCommitment(
  privateKey: Uint8Array,
  message: Uint8Array,
  commitment: Uint8Array,
  r: bigint,
): Uint8Array<ArrayBuffer> {
  const a = toInteger(privateKey) % groupOrder;
  const publicPoint = Point.BASE.multiply(a).toBytes();
  const h = toInteger(sha512(concatBytes(commitment, publicPoint, message))) % groupOrder;
  const signature = Uint8Array.from(concatBytes(commitment, toBytes((r + h * a) % groupOrder)));
  signature[63] = ((signature[63] as number) & 0x7f) | ((publicPoint[31] as number) & 0x80);
  return signature;
}

/** The Edwards encoding of a u-coordinate, with the sign bit clear. */
export function edwardsOf(u: bigint): Uint8Array<ArrayBuffer> {
  const { Fp } = Point;
  return toBytes(Fp.mul(Fp.create(u - 1n), Fp.inv(Fp.create(u + 1n))));
}

/** A signature that verifies under a public key of low order, which needs no private key: tries scalars until the hash suits. */
export function forgeLowOrder(
  publicPoint: Uint8Array,
  order: bigint,
  message: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const sign = (publicPoint[31] as number) & 0x80;
  for (let s = 1n; s < 1000n; s += 1n) {
    const commitment = Point.BASE.multiply(s).toBytes();
    const h = toInteger(sha512(concatBytes(commitment, publicPoint, message))) % groupOrder;
    if (h % order !== 0n) continue;
    const signature = Uint8Array.from(concatBytes(commitment, toBytes(s)));
    signature[63] = (signature[63] as number) | sign;
    return signature;
  }
  throw new Error('no suitable hash');
}
