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
import {
  neverFor,
  platformAccepts,
  type Accepts,
  type AcceptsFor,
  type AcceptsLater,
  type AcceptsLaterFor,
} from './platform-ed25519.js';
import { neverLaterFor, webAcceptsFor } from './web-ed25519.js';

/** What there is beside portable code. */
export interface Platform {
  readonly now: AcceptsFor;
  readonly later: AcceptsLaterFor;
}

/** A signer's key, converted: each form when it is first needed. */
export class SignerPoints {
  /** Ed25519 compression of the key, 32 bytes: what is hashed. */
  readonly encoded: Uint8Array;
  readonly #platform: Platform;
  #accepts: Accepts | undefined;
  #acceptsLater: Promise<AcceptsLater> | undefined;
  #comb: Comb | undefined;

  constructor(encoded: Uint8Array, platform: Platform) {
    this.encoded = encoded;
    this.#platform = platform;
  }

  /** The platform's verdict, in which `false` means nothing. */
  accepts(message: Uint8Array, signature: Uint8Array): boolean {
    this.#accepts ??= this.#platform.now(this.encoded);
    return this.#accepts(message, signature);
  }

  /** The same where the platform answers later. */
  async acceptsLater(message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    this.#acceptsLater ??= this.#platform.later(this.encoded);
    const accepts = await this.#acceptsLater;
    return accepts(message, signature);
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

function thisPlatform(): Platform {
  const now = platformAccepts();
  // What has both has them of one library, which needs no second answer.
  return { now, later: now === neverFor ? webAcceptsFor : neverLaterFor };
}

/** See the head of this file. */
export class SignerMemory {
  readonly #platform: () => Platform;
  /** In the order in which they were used last. */
  readonly #signers = new Map<string, SignerPoints>();
  readonly #max: number;

  /**
   * @param max - how many signers are kept
   * @param platform - gives the platform's verification; this runtime's by default
   */
  constructor(max: number, platform: () => Platform = thisPlatform) {
    this.#max = max;
    this.#platform = platform;
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
    return new SignerPoints(edwardsBytes(u, negative), this.#platform());
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
