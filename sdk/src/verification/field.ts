/**
 * Integers modulo 2^255 − 19, over which Curve25519 is, and modulo the order of its points, and both as bytes.
 * Between two operations an integer may be any that is congruent and not much longer than 255 bits, of either
 * sign; what is compared or written is made canonical first. Knows no curve.
 */

/** The modulus. */
export const p = 2n ** 255n - 19n;
/** The order of the group that the base point generates (RFC 8032, section 5.1). */
export const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

const bits = 255n;
const mask = 2n ** bits - 1n;

/** Shortens a product modulo p: 2^255 is 19, so what is above comes back below; of what that gives, once more. */
export function fold(value: bigint): bigint {
  const once = (value >> bits) * 19n + (value & mask);
  return (once >> bits) * 19n + (once & mask);
}

/** The one representative from 0 to the modulus less one. */
export function canonical(value: bigint, modulus = p): bigint {
  const remainder = value % modulus;
  return remainder < 0n ? remainder + modulus : remainder;
}

/** An integer of little-endian bytes, whose number is a multiple of 8. */
export function integerOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let integer = 0n;
  for (let at = bytes.length - 8; at >= 0; at -= 8) integer = (integer << 64n) | view.getBigUint64(at, true);
  return integer;
}

/** The same modulo the order of the points: a scalar. */
export function scalarOf(bytes: Uint8Array): bigint {
  return canonical(integerOf(bytes), order);
}

/** 32 little-endian bytes of an integer from 0 to 2^256 less one. */
export function bytesOf(integer: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 8) view.setBigUint64(at, integer >> BigInt(8 * at), true);
  return bytes;
}

/** After its highest bit, 250 in binary: how many ones {@link rootPower} gathers. */
const runLength = '1111010';

/** `value` to the power of 2^252 − 3, in the same steps for all values: what roots and inverses are made of. */
export function rootPower(value: bigint): bigint {
  // An exponent of so many ones, by doubling how many there are, and one more where the bit is set.
  let [ones, count] = [value, 1];
  for (const bit of runLength) {
    ones = fold(squared(ones, count) * ones);
    count *= 2;
    if (bit === '0') continue;
    ones = fold(squared(ones, 1) * value);
    count += 1;
  }
  return fold(squared(ones, 2) * value);
}

/** The inverse by Fermat, in the same steps for all values. That of 0 is 0. */
export function invert(value: bigint): bigint {
  // p − 2 is 8·(2^252 − 3) + 3.
  return fold(squared(rootPower(value), 3) * fold(fold(value * value) * value));
}

function squared(value: bigint, times: number): bigint {
  for (let time = 0; time < times; time += 1) value = fold(value * value);
  return value;
}
