/**
 * Multiples of the Edwards base point: portable, and out of X25519 alone, for platforms that have nothing
 * nearer. Knows no signature.
 */
import { timesBase } from '../../../verification/edwards-multiples.js';
import { base, compress } from '../../../verification/edwards-point.js';
import { bytesOf, canonical, fold, integerOf, invert, order } from '../../../verification/field.js';
import { invertPublic } from '../../../verification/inversion.js';
import type { EdwardsBase } from './primitives.js';

/** Multiplication in portable code. */
export const portableEdwardsBase: EdwardsBase = {
  multiply: (scalar) => compress(timesBase(scalar)),
};

const smallestClamped = 2n ** 254n;
const firstTooLarge = 2n ** 255n;

/**
 * A scalar as X25519 takes it, by which the base point has the same u-coordinate.
 *
 * X25519 takes multiples of 8 in [2^254, 2^255). With L the group order, `scalar + j·L` is such a multiple
 * for one j of eight, and `j·L − scalar`, which gives the negative point and so the same u, for eight less
 * that j. One of the two lies in the interval but for a part of 2^-124 of all scalars near 0 and L.
 * @returns `undefined` for those
 */
export function clampedScalar(scalar: bigint): bigint | undefined {
  // L ≡ 5 (mod 8), and 5 is its own inverse: j ≡ −5·scalar ≡ 3·scalar.
  const multiple = (3n * (scalar & 7n)) & 7n;
  const clamped = multiple >= 4n ? scalar + multiple * order : (8n - multiple) * order - scalar;
  return clamped >= smallestClamped && clamped < firstTooLarge ? clamped : undefined;
}

/** Of v² = u³ + a·u² + u. */
const a = 486_662n;
const baseU = 9n;
/** v² of the base point. */
const baseVSquared = baseU ** 3n + a * baseU ** 2n + baseU;
/** x·v/u is the same for all points of the curve: here twice that, times v of the base point. */
const scale = fold(fold(2n * baseVSquared * base.x) * invert(baseU));

/**
 * A point R from two coordinates, after Okeya and Sakurai. The chord through R and the base point B says
 * `u(R + B) = ((v(R) − v(B)) / (u(R) − u(B)))² − a − u(R) − u(B)`, which is linear in v(R) once v(R)² is
 * replaced by what the curve says of it. All of it is public, as R is.
 * @param u - u(R), which is neither 0 nor that of the point at infinity
 * @param nextU - u(R + B), where R is not −B
 * @returns R compressed, 32 bytes
 */
export function pointFromCoordinates(u: Uint8Array, nextU: Uint8Array): Uint8Array {
  const uR = integerOf(u);
  const distance = uR - baseU;
  const vSquared = fold(uR * fold(uR * uR + a * uR + 1n));
  // 2·v(B)·v(R).
  const v = vSquared + baseVSquared - fold((integerOf(nextU) + a + uR + baseU) * fold(distance * distance));
  // One inversion for both denominators.
  const inverse = invertPublic(canonical(v * (uR + 1n)));
  const y = fold(fold((uR - 1n) * v) * inverse);
  const x = fold(fold(scale * uR) * fold((uR + 1n) * inverse));
  const bytes = bytesOf(canonical(y));
  bytes[31] = (bytes[31] as number) | Number((canonical(x) & 1n) << 7n);
  return bytes;
}
