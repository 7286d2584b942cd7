/**
 * X25519 keys as points of Edwards' curve, in the form that verification multiplies them in. Converting
 * one costs as much as multiplying by it, and the same few keys sign again and again (a contact's, a group
 * member's): the latest conversions are kept. Knows public keys alone, and no signature.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { SottoError } from '../errors.js';

const { Point } = ed25519;
const { Fp } = Point;

/** A point. */
export type EdwardsPoint = InstanceType<typeof Point>;

/** A signer's key, converted. */
export interface SignerPoints {
  /** Ed25519 compression of the key, 32 bytes: what is hashed. */
  readonly encoded: Uint8Array;
  /**
   * −A, −2^64·A, −2^128·A and −2^192·A: with them a scalar is four of 64 bits that share their doublings,
   * and a multiplication costs a third.
   */
  readonly multiples: readonly EdwardsPoint[];
}

/** Bits of a scalar that one multiple stands for. */
export const bitsPerMultiple = 64;
const multipleCount = 4;

/** Signers kept: more than the members who talk in one group at a time; about 2 KiB each. */
const maxSigners = 256;

/** See the head of this file. */
export class SignerMemory {
  /** In the order in which they were used last. */
  readonly #signers = new Map<string, SignerPoints>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many signers are remembered. */
  get size(): number {
    return this.#signers.size;
  }

  /**
   * The points of a signer.
   * @param u - 32 bytes: the Montgomery coordinate, whose top bit is ignored
   * @param negative - the sign of the Edwards point, which a signature carries
   * @throws SottoError `invalid-signature` when no point has that coordinate
   */
  pointsOf(u: Uint8Array, negative: boolean): SignerPoints {
    const coordinate = u.slice();
    coordinate[31] = (coordinate[31] as number) & 0x7f;
    const name = `${negative ? '-' : '+'}${String.fromCharCode(...coordinate)}`;
    const points = this.#signers.get(name) ?? convert(coordinate, negative);
    this.#signers.delete(name);
    this.#signers.set(name, points);
    if (this.#signers.size > this.#max) this.#forgetOldest();
    return points;
  }

  #forgetOldest(): void {
    const [oldest] = this.#signers.keys();
    if (oldest !== undefined) this.#signers.delete(oldest);
  }
}

/** What all of a program shares: keys are public, and convert alike for all. */
export const signerMemory = new SignerMemory(maxSigners);

function convert(u: Uint8Array, negative: boolean): SignerPoints {
  const encoded = edwardsBytes(u, negative);
  const multiples = [decompress(encoded).negate()];
  while (multiples.length < multipleCount) {
    let next = multiples[multiples.length - 1] as EdwardsPoint;
    for (let bit = 0; bit < bitsPerMultiple; bit += 1) next = next.double();
    multiples.push(next);
  }
  return { encoded, multiples };
}

/** Ed25519 compression of the point with a Montgomery u-coordinate and a sign. */
function edwardsBytes(u: Uint8Array, negative: boolean): Uint8Array {
  const coordinate = Fp.create(bytesToNumberLE(u));
  const denominator = Fp.add(coordinate, 1n);
  if (Fp.is0(denominator)) throw new SottoError('invalid-signature');
  const y = Fp.mul(Fp.sub(coordinate, 1n), Fp.inv(denominator));
  const bytes = Fp.toBytes(y);
  // At u = 0 the only x is 0, which has no sign: the bit is ignored.
  if (negative && !Fp.is0(coordinate)) bytes[31] = (bytes[31] as number) | 0x80;
  return bytes;
}

function decompress(bytes: Uint8Array): EdwardsPoint {
  try {
    return Point.fromBytes(bytes);
  } catch {
    throw new SottoError('invalid-signature');
  }
}
