/**
 * Multiples of points of edwards25519: of the base point by scalars that may be secret, of other points by public
 * ones. Knows no key and no signature.
 */
import { add, base, double, negate, neutral, type EdwardsPoint } from './edwards-point.js';
import { bytesOf, integerOf, order } from './field.js';

/** A digit is a byte of a scalar, less 256 when it is above 128: so it is its row's entry, or the negative of one. */
const digitSize = 256;
/** So many of the order are added to a secret scalar at random: the digits of two multiplications are not alike. */
const blindLength = 16;
/** Digits of a scalar of 32 bytes, blinded; and what the last of them carries. */
const digitCount = 32 + blindLength + 1;

let table: EdwardsPoint[][] | undefined;

/** Row i has 1 to 128 times 256^i of the base point: two megabytes and some 20 ms, when first needed. */
function baseTable(): EdwardsPoint[][] {
  if (table) return table;
  table = [];
  let first = base;
  while (table.length < digitCount) {
    const row = [first];
    while (row.length < digitSize / 2) row.push(add(row[row.length - 1] as EdwardsPoint, first));
    first = double(row[row.length - 1] as EdwardsPoint);
    table.push(row);
  }
  return table;
}

function digitsOf(scalar: bigint): number[] {
  let carry = 0;
  return Array.from({ length: digitCount }, () => {
    const digit = Number(BigInt.asUintN(8, scalar)) + carry;
    scalar >>= 8n;
    carry = (digit + digitSize / 2 - 1) >> 8;
    return digit - digitSize * carry;
  });
}

/**
 * A multiple of the base point. As many additions for every scalar: where a digit is 0, another sum gets one. Every
 * entry of a row is looked at, whichever is needed.
 * @param scalar - may be secret; from 0 to 2^256 less one
 */
export function timesBase(scalar: bigint): EdwardsPoint {
  // eslint-disable-next-line no-restricted-properties -- It changes no result, so it is no argument.
  const blind = integerOf(crypto.getRandomValues(new Uint8Array(blindLength)));
  const digits = digitsOf(scalar + blind * order);
  let [sum, decoy] = [neutral, base];
  for (const [index, row] of baseTable().entries()) {
    const digit = digits[index] as number;
    const wanted = Math.abs(digit);
    let positive = row[0] as EdwardsPoint;
    for (let entry = 1; entry < row.length; entry += 1) {
      positive = entry + 1 === wanted ? (row[entry] as EdwardsPoint) : positive;
    }
    const negative = negate(positive);
    const point = digit < 0 ? negative : positive;
    if (digit === 0) decoy = add(decoy, point);
    else sum = add(sum, point);
  }
  return sum;
}

/** The same for a public scalar: how long it takes tells of it. */
export function timesBasePublic(scalar: bigint): EdwardsPoint {
  let sum = neutral;
  for (const [index, digit] of digitsOf(scalar).entries()) {
    const point = baseTable()[index]?.[Math.abs(digit) - 1];
    if (point) sum = add(sum, digit < 0 ? negate(point) : point);
  }
  return sum;
}

/** Bits of a scalar that one of the points in a {@link Comb} stands for, and how many such points there are. */
const toothBits = 64;
const toothCount = 4;

/** Sums of a point's multiples by 1, 2^64, 2^128 and 2^192: entry i has those whose bits are set in i. */
export type Comb = readonly EdwardsPoint[];

/** Prepares a public point for several multiplications. */
export function combOf(point: EdwardsPoint): Comb {
  const comb = [neutral];
  for (let tooth = 0; tooth < toothCount; tooth += 1) {
    const next = point;
    comb.push(...comb.map((sum) => add(sum, next)));
    for (let bit = 0; bit < toothBits && tooth < toothCount - 1; bit += 1) point = double(point);
  }
  return comb;
}

/**
 * A multiple of a prepared point, exact for points of every order: nothing is reduced. How long it takes tells of
 * the scalar.
 * @param scalar - public; from 0 to 2^256 less one
 */
export function timesPublic(comb: Comb, scalar: bigint): EdwardsPoint {
  const parts = bytesOf(scalar);
  const bitOf = (bit: number) => ((parts[bit >> 3] as number) >> (bit & 7)) & 1;
  let sum = neutral;
  for (let bit = toothBits - 1; bit >= 0; bit -= 1) {
    sum = double(sum);
    let index = 0;
    for (let tooth = 0; tooth < toothCount; tooth += 1) index |= bitOf(tooth * toothBits + bit) << tooth;
    if (index !== 0) sum = add(sum, comb[index] as EdwardsPoint);
  }
  return sum;
}
