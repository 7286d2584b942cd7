/**
 * Randomness that a seed repeats: for tests and simulations alone. It is fast and well mixed, and NOT
 * secure: keys made from it can be guessed.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../bytes.js';
import type { Random } from '../ports/host.js';

/** Random bytes and choices that a seed repeats. */
export interface SeededRandom extends Random {
  /** A whole number from 0 up to, not including, `end` (1 to 2^32). */
  integer(end: number): number;
  /** True with a probability from 0 to 1. */
  chance(probability: number): boolean;
  /** One of the items. @throws RangeError when there is none */
  pick<Item>(items: readonly Item[]): Item;
  /** The items in another order. */
  shuffle<Item>(items: readonly Item[]): Item[];
  /** An independent stream of its own, so that what one part draws does not move what another part draws. */
  fork(label: string): SeededRandom;
}

/**
 * Makes a repeatable source of randomness. Not secure; print the seed of a test that draws one afresh.
 * @param seed - any text or number; different ones give unrelated streams
 */
export function seededRandom(seed: string | number): SeededRandom {
  return new Sfc32(String(seed));
}

/** sfc32 (Doty-Humphrey's small fast counter), seeded by SHA-256. */
class Sfc32 implements SeededRandom {
  readonly #seed: string;
  readonly #state: Uint32Array;

  constructor(seed: string) {
    this.#seed = seed;
    const digest = sha256(utf8(seed));
    const view = new DataView(digest.buffer, digest.byteOffset);
    this.#state = Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), 1);
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += 4) {
      const word = this.#next();
      for (let index = 0; index < 4 && offset + index < length; index += 1) {
        bytes[offset + index] = word >>> (8 * index);
      }
    }
    return bytes;
  }

  integer(end: number): number {
    return Math.floor((this.#next() / 2 ** 32) * end);
  }

  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.integer(items.length)] as Item;
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.integer(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
    }
    return shuffled;
  }

  fork(label: string): SeededRandom {
    return new Sfc32(`${this.#seed}/${label}`);
  }

  #next(): number {
    const [a, b, c, counter] = this.#state as unknown as [number, number, number, number];
    const sum = (a + b + counter) >>> 0;
    this.#state[3] = counter + 1;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum;
  }
}
