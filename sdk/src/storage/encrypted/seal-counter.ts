/**
 * Counts what one key has sealed. A random 96-bit nonce may come twice once there are very many; the count is
 * raised in the store in blocks, ahead of use, so that a crash loses a block at most and no commit writes one of
 * its own. Knows no record.
 */
import { SottoError } from '../../errors.js';

/** When a key has done its work. */
export interface SealBounds {
  /** Seals that are reserved at a time. */
  readonly block: number;
  /** From here on the next `acquire` rotates. */
  readonly rotateFrom: number;
  /** Beyond it nothing is sealed. */
  readonly max: number;
}

/**
 * At 2^30 seals the chance of one nonce used twice is 2^-37. Half of them are left for one run of an
 * application that never restarts. A block costs one record in 4,096 writes, and a restart one block.
 */
export const sealBounds: SealBounds = { block: 4_096, rotateFrom: 2 ** 29, max: 2 ** 30 };

/** One writer's view of the count. */
export class SealCounter {
  readonly #bounds: SealBounds;
  #reserved: number;
  #used: number;

  /** @param reserved - what the store says; what a former writer has not used of it is lost */
  constructor(reserved: number, bounds: SealBounds) {
    this.#bounds = bounds;
    this.#reserved = reserved;
    this.#used = reserved;
  }

  /** Whether it is time for another key. */
  get isWorn(): boolean {
    return this.#reserved >= this.#bounds.rotateFrom;
  }

  /**
   * Takes seals.
   * @returns the count that must be written with them, when those that were reserved do not suffice; its own
   *   seal is taken as well
   * @throws SottoError `limit-exceeded` (`maxSealsPerKey`)
   */
  take(seals: number): number | undefined {
    if (this.#used + seals > this.#reserved) return this.renew(seals);
    this.#used += seals;
    return undefined;
  }

  /** As {@link take}, for a commit that writes the count in any case. */
  renew(seals: number): number {
    const { block, max } = this.#bounds;
    const reserved = this.#used + seals + 1 + block;
    if (reserved > max) throw new SottoError('limit-exceeded', { details: { limit: 'maxSealsPerKey' } });
    this.#used += seals + 1;
    return reserved;
  }

  /** A count that `take` returned is in the store. */
  written(reserved: number): void {
    this.#reserved = reserved;
  }
}
