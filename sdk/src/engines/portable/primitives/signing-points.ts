/**
 * The Edwards points of the keys that sign here, by their public keys: to compute one costs as much as
 * the rest of a signature. Holds what every signature shows anyway, and no secret.
 */
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { equalBytes } from '../../../bytes.js';
import { Point } from '../../../verification/edwards-point.js';
import type { PublicKey } from './keys.js';

const { Fp } = Point;

/** See the head of this file. */
export class SigningPoints {
  /** In the order in which they were used last. */
  readonly #points = new Map<string, Uint8Array>();
  readonly #max: number;

  /** @param max - how many are kept, about 200 bytes each */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many are kept. */
  get size(): number {
    return this.#points.size;
  }

  /**
   * The point of a public key, compressed, 32 bytes.
   * @param publicKey - `undefined` when the caller does not know it: nothing is remembered then
   * @param compute - gives the point of the private key
   */
  of(publicKey: PublicKey | undefined, compute: () => Uint8Array): Uint8Array {
    if (!publicKey) return compute();
    const name = bytesToHex(publicKey);
    const known = this.#points.get(name);
    const point = known ?? compute();
    // A pair that is none must not teach the true pair a false point.
    if (known || belongs(point, publicKey)) this.#remember(name, point);
    return point;
  }

  #remember(name: string, point: Uint8Array): void {
    this.#points.delete(name);
    this.#points.set(name, point);
    if (this.#points.size <= this.#max) return;
    const [oldest] = this.#points.keys();
    if (oldest !== undefined) this.#points.delete(oldest);
  }
}

function belongs(point: Uint8Array, publicKey: PublicKey): boolean {
  const unsigned = point.slice();
  unsigned[31] = (unsigned[31] as number) & 0x7f;
  const y = bytesToNumberLE(unsigned);
  return equalBytes(Fp.toBytes(Fp.div(Fp.create(1n + y), Fp.create(1n - y))), publicKey.subarray(1));
}
