/**
 * X25519 keys as points of Edwards' curve, in the forms that verification needs them in. Converting one
 * costs as much as verifying does, and the same few keys sign again and again (a contact's, a group
 * member's): the latest conversions are kept. Knows public keys alone, and no signature.
 */
import { SottoError } from '../errors.js';
import { combOf, type Comb } from './edwards-multiples.js';
import { decompress, negate } from './edwards-point.js';
import { bytesOf, canonical, fold, integerOf, p } from './field.js';
import { invertPublic } from './inversion.js';
import { platformAccepts, type Accepts, type AcceptsFor } from './platform-ed25519.js';

/** A signer's key, converted: each form when it is first needed. */
export class SignerPoints {
  /** Ed25519 compression of the key, 32 bytes: what is hashed. */
  readonly encoded: Uint8Array;
  readonly #acceptsFor: AcceptsFor;
  #accepts: Accepts | undefined;
  #comb: Comb | undefined;

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
   * −A, prepared for multiplication, which takes a third of the time with that.
   * @throws SottoError `invalid-signature` when no point has this coordinate
   */
  negativeComb(): Comb {
    return (this.#comb ??= negativeCombOf(this.encoded));
  }
}

/** Signers kept: more than the members who talk in one group at a time; about 5 KiB each. */
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

function negativeCombOf(encoded: Uint8Array): Comb {
  const point = decompress(encoded);
  if (!point) throw new SottoError('invalid-signature');
  return combOf(negate(point));
}

/** Ed25519 compression of the point with a Montgomery u-coordinate and a sign. */
function edwardsBytes(coordinate: Uint8Array, negative: boolean): Uint8Array {
  const u = canonical(integerOf(coordinate));
  if (u === p - 1n) throw new SottoError('invalid-signature');
  const bytes = bytesOf(canonical(fold((u - 1n) * invertPublic(u + 1n))));
  // At u = 0 the only x is 0, which has no sign: the bit is ignored.
  if (negative && u !== 0n) bytes[31] = (bytes[31] as number) | 0x80;
  return bytes;
}
