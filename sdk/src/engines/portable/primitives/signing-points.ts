/**
 * The Edwards points of the keys that sign here, by their public keys: to compute one costs as much as
 * the rest of a signature. Holds what every signature shows anyway, and no secret.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { equalBytes } from '../../../bytes.js';
import { bytesOf, canonical, fold, integerOf } from '../../../verification/field.js';
import { invertPublic } from '../../../verification/inversion.js';
import type { PublicKey } from './keys.js';

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
  const y = BigInt.asUintN(255, integerOf(point));
  const u = canonical(fold((1n + y) * invertPublic(canonical(1n - y))));
  return equalBytes(bytesOf(u), publicKey.subarray(1));
}
