/**
 * Points of edwards25519 (RFC 8032, section 5.1) in extended coordinates. Small, for every page carries it: it is
 * for this one curve, over which both schemes of signatures are, and from which X25519's public keys come. The
 * formulas are complete: they hold for all pairs of points. Knows no key and no signature.
 */
import { bytesOf, canonical, fold, integerOf, invert, p, rootPower } from './field.js';

/** A point: the affine coordinates are `x / z` and `y / z`, and `t` is `x · y / z`. See `field.ts` on integers. */
export interface EdwardsPoint {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

/** Of −x² + y² = 1 + d·x²·y². */
const d = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;
/** √−1. */
const imaginary = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n;

/** The neutral element. */
export const neutral: EdwardsPoint = { x: 0n, y: 1n, z: 1n, t: 0n };
/** The base point. */
export const base: EdwardsPoint = affine(
  0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
  0x6666666666666666666666666666666666666666666666666666666666666658n,
);

function affine(x: bigint, y: bigint): EdwardsPoint {
  return { x, y, z: 1n, t: fold(x * y) };
}

/** The sum of two points. */
export function add(left: EdwardsPoint, right: EdwardsPoint): EdwardsPoint {
  const a = fold((left.y - left.x) * (right.y - right.x));
  const b = fold((left.y + left.x) * (right.y + right.x));
  const c = fold(fold(2n * d * left.t) * right.t);
  const zz = fold(2n * left.z * right.z);
  return fromFactors(b - a, zz - c, zz + c, b + a);
}

/** Twice a point. */
export function double({ x, y, z }: EdwardsPoint): EdwardsPoint {
  const [xx, yy] = [x * x, y * y];
  const difference = fold(yy - xx);
  return fromFactors(fold(2n * x * y), fold(2n * z * z) - difference, difference, fold(yy + xx));
}

function fromFactors(e: bigint, f: bigint, g: bigint, h: bigint): EdwardsPoint {
  return { x: fold(e * f), y: fold(g * h), z: fold(f * g), t: fold(e * h) };
}

/** The same point with the other sign. */
export function negate({ x, y, z, t }: EdwardsPoint): EdwardsPoint {
  return { x: -x, y, z, t: -t };
}

/** Whether a point is the neutral element. */
export function isNeutral({ x, y, z }: EdwardsPoint): boolean {
  return canonical(x) === 0n && canonical(y - z) === 0n;
}

/** Eight times a point: nothing is left of a part of small order. */
export function timesCofactor(point: EdwardsPoint): EdwardsPoint {
  return double(double(double(point)));
}

/**
 * A point compressed, 32 bytes.
 * @param inverse - `inversion.ts` has a faster one for points that are public
 */
export function compress({ x, y, z }: EdwardsPoint, inverse = invert): Uint8Array<ArrayBuffer> {
  const inverted = inverse(canonical(z));
  const bytes = bytesOf(canonical(y * inverted));
  bytes[31] = (bytes[31] as number) | (Number(canonical(x * inverted) & 1n) << 7);
  return bytes;
}

/**
 * A point from its compressed form, strictly (RFC 8032, section 5.1.3).
 * @param bytes - 32
 * @returns `undefined` when no point has this form, or one has another
 */
export function decompress(bytes: Uint8Array): EdwardsPoint | undefined {
  const integer = integerOf(bytes);
  const y = BigInt.asUintN(255, integer);
  const negative = integer >> 255n;
  const root = y < p ? ratioRoot(y * y - 1n, d * fold(y * y) + 1n) : undefined;
  if (root === undefined || (root === 0n && negative === 1n)) return undefined;
  return affine((root & 1n) === negative ? root : p - root, y);
}

/** A root of a quotient, canonical; `undefined` where there is none. */
function ratioRoot(numerator: bigint, denominator: bigint): bigint | undefined {
  const [u, v] = [fold(numerator), fold(denominator)];
  const cube = fold(fold(v * v) * v);
  const candidate = fold(fold(u * cube) * rootPower(fold(u * fold(fold(cube * cube) * v))));
  const check = fold(v * fold(candidate * candidate));
  if (canonical(check - u) === 0n) return canonical(candidate);
  return canonical(check + u) === 0n ? canonical(candidate * imaginary) : undefined;
}
