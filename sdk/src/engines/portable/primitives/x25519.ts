/**
 * X25519 in portable code (RFC 7748) over the field and the points of `verification`: the ladder for agreements,
 * multiples of the base point for public keys. Knows no key's form and no protocol.
 */
import { timesBase } from '../../../verification/edwards-multiples.js';
import { bytesOf, canonical, fold, integerOf, invert } from '../../../verification/field.js';

const topBit = 254;
/** (486662 − 2) / 4. */
const a24 = 121_665n;

/** The same coordinate of two neighbouring multiples of a point. */
type Pair = [bigint, bigint];

/**
 * The agreement of a clamped scalar with a coordinate, 32 bytes each; the coordinate's top bit is ignored.
 * @returns 32 bytes, zeros for coordinates of low order
 */
export function x25519(scalar: Uint8Array, coordinate: Uint8Array): Uint8Array {
  const u = BigInt.asUintN(255, integerOf(coordinate));
  let [x, z, swapped]: [Pair, Pair, number] = [[1n, u], [0n, 1n], 0];
  for (let at = topBit; at >= 0; at -= 1) {
    const bit = ((scalar[at >> 3] as number) >> (at & 7)) & 1;
    [x, z] = step(u, exchanged(x, bit ^ swapped), exchanged(z, bit ^ swapped));
    swapped = bit;
  }
  return quotient(exchanged(x, swapped)[0], exchanged(z, swapped)[0]);
}

/** The public coordinate of a clamped scalar, 32 bytes each. */
export function x25519Base(scalar: Uint8Array): Uint8Array {
  const { y, z } = timesBase(integerOf(scalar));
  return quotient(z + y, z - y);
}

/** Picked by an index, not by a branch: the bit is secret. */
function exchanged(pair: Pair, bit: number): Pair {
  return [pair[bit] as bigint, pair[1 - bit] as bigint];
}

/** Doubles the first of the multiples and adds both (RFC 7748, section 5). */
function step(u: bigint, [x2, x3]: Pair, [z2, z3]: Pair): [Pair, Pair] {
  const [sum, difference] = [x2 + z2, x2 - z2];
  const [squaredSum, squaredDifference] = [fold(sum * sum), fold(difference * difference)];
  const [left, right] = [fold((x3 - z3) * sum), fold((x3 + z3) * difference)];
  const [both, apart] = [left + right, left - right];
  const product = squaredSum - squaredDifference;
  return [
    [fold(squaredSum * squaredDifference), fold(both * both)],
    [fold(product * (squaredSum + a24 * product)), fold(u * fold(apart * apart))],
  ];
}

/** An affine coordinate; by Fermat, for how long Euclid takes would tell of the scalar. */
function quotient(numerator: bigint, denominator: bigint): Uint8Array {
  return bytesOf(canonical(numerator * invert(denominator)));
}
