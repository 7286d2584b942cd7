/**
 * X25519 keys as points of Edwards' curve, in the forms that verification needs them in. Converting one
 * costs as much as verifying does, and the same few keys sign again and again (a contact's, a group
 * member's): the latest conversions are kept. Knows public keys alone, and no signature.
 */
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { SottoError } from '../errors.js';
import { Point, type EdwardsPoint } from './edwards-point.js';
import { platformAccepts, type Accepts, type AcceptsFor } from './platform-ed25519.js';

const { Fp } = Point;

/** A signer's key, converted: each form when it is first needed. */
export class SignerPoints {
  /** Ed25519 compression of the key, 32 bytes: what is hashed. */
  readonly encoded: Uint8Array;
  readonly #acceptsFor: AcceptsFor;
  #accepts: Accepts | undefined;
  #multiples: readonly EdwardsPoint[] | undefined;

  constructor(encoded: Uint8Array, acceptsFor: AcceptsFor) {
    this.encoded = encoded;
    this.#acceptsFor = acceptsFor;
  }

  /** The platform's verdict, in which `false` means nothing. */
  accepts(message: Uint8Array, signature: Uint8Array): boolean {
    this.#accepts ??= this.#acceptsFor(this.encoded);
    return this.#accepts(message, signature);
  }

  /**
   * −A, −2^64·A, −2^128·A and −2^192·A: with them a scalar is four of 64 bits that share their doublings,
   * and a multiplication costs a third.
   * @throws SottoError `invalid-signature` when no point has this coordinate
   */
  multiples(): readonly EdwardsPoint[] {
    return (this.#multiples ??= multiplesOf(this.encoded));
  }
}

/** Bits of a scalar that one multiple stands for. */
export const bitsPerMultiple = 64;
const multipleCount = 4;

/** Signers kept: more than the members who talk in one group at a time; about 2 KiB each. */
const maxSigners = 256;

/** See the head of this file. */
export class SignerMemory {
  readonly #acceptsFor: () => AcceptsFor;
  /** In the order in which they were used last. */
  readonly #signers = new Map<string, SignerPoints>();
  readonly #max: number;

  /**
   * @param max - how many signers are kept
   * @param acceptsFor - gives the platform's verification
   */
  constructor(max: number, acceptsFor: () => AcceptsFor = platformAccepts) {
    this.#max = max;
    this.#acceptsFor = acceptsFor;
  }

  /** How many signers are remembered. */
  get size(): number {
    return this.#signers.size;
  }

  /**
   * The points of a signer.
   * @param u - 32 bytes: the Montgomery coordinate, whose top bit is ignored
   * @param negative - the sign of the Edwards point, which a signature carries
   * @throws SottoError `invalid-signature` for −1, which no point has
   */
  pointsOf(u: Uint8Array, negative: boolean): SignerPoints {
    const coordinate = u.slice();
    coordinate[31] = (coordinate[31] as number) & 0x7f;
    const name = `${negative ? '-' : '+'}${String.fromCharCode(...coordinate)}`;
    const points = this.#signers.get(name) ?? this.#convert(coordinate, negative);
    this.#signers.delete(name);
    this.#signers.set(name, points);
    if (this.#signers.size > this.#max) this.#forgetOldest();
    return points;
  }

  #convert(u: Uint8Array, negative: boolean): SignerPoints {
    return new SignerPoints(edwardsBytes(u, negative), this.#acceptsFor());
  }

  #forgetOldest(): void {
    const [oldest] = this.#signers.keys();
    if (oldest !== undefined) this.#signers.delete(oldest);
  }
}

/** What all of a program shares: keys are public, and convert alike for all. */
export const signerMemory = new SignerMemory(maxSigners);

function multiplesOf(encoded: Uint8Array): readonly EdwardsPoint[] {
  const multiples = [decompress(encoded).negate()];
  while (multiples.length < multipleCount) {
    let next = multiples[multiples.length - 1] as EdwardsPoint;
    for (let bit = 0; bit < bitsPerMultiple; bit += 1) next = next.double();
    multiples.push(next);
  }
  return multiples;
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
