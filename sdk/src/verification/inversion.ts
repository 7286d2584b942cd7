/**
 * Inverses modulo 2^255 − 19, for public values alone: how long one takes depends on the value. Knows no
 * curve.
 */
import { canonical, invert, p } from './field.js';

/** A double holds 53 bits: below that part of where they began, its remainders are no longer near the true ones. */
const precision = 2 ** -26;

/** Twenty-five bits fall away in a round; whatever needs more rounds than this is left to Fermat. */
const maxRounds = 40;

/**
 * The inverse of a field element, in a tenth of Fermat's time: Euclid's algorithm after Lehmer, which takes
 * its quotients from doubles and touches the long numbers once in fifteen steps. Every round multiplies by a
 * matrix of determinant ±1, so the invariants hold whatever the doubles lose; that only costs rounds.
 * @param value - public; from 0 to p − 1
 * @returns 0 for 0
 */
export function invertPublic(value: bigint): bigint {
  // remainder ≡ factor · value (mod p), for both rows.
  let [upper, lower] = [p, value];
  let [upperFactor, lowerFactor] = [0n, 1n];
  for (let round = 0; lower !== 0n && round < maxRounds; round += 1) {
    const [a, b, c, d] = stepsOf(upper, lower);
    [upper, lower] = [a * upper + b * lower, c * upper + d * lower];
    [upperFactor, lowerFactor] = [a * upperFactor + b * lowerFactor, c * upperFactor + d * lowerFactor];
    if (upper < 0n) [upper, upperFactor] = [-upper, -upperFactor];
    if (lower < 0n) [lower, lowerFactor] = [-lower, -lowerFactor];
  }
  return lower === 0n && upper === 1n ? canonical(upperFactor) : invert(value);
}

/** Some steps of Euclid's algorithm as a matrix, row by row: as many as doubles can tell. */
function stepsOf(upper: bigint, lower: bigint): [bigint, bigint, bigint, bigint] {
  let [x, y] = [Number(upper), Number(lower)];
  const end = x * precision;
  let [a, b, c, d] = [1, 0, 0, 1];
  while (y > end) {
    const quotient = Math.floor(x / y);
    [x, y] = [y, x - quotient * y];
    [a, c] = [c, a - quotient * c];
    [b, d] = [d, b - quotient * d];
  }
  // Where the very first quotient is too large for that: one step in whole numbers.
  if (c === 0) return [0n, 1n, 1n, -(upper / lower)];
  return [BigInt(a), BigInt(b), BigInt(c), BigInt(d)];
}
