/** What the tests of the primitives share. Runs in Node and in browsers alike. */
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import type { Random } from '../../../../src/ports/index.js';

/** Bytes over an array of their own, as libsignal's types have them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Whether this is the long run. */
export const slow = process.env['SLOW'] === '1';

/** What a run is repeated by; the long run takes a fresh one, and titles show it. */
export const seed = process.env['SOTTO_SEED'] ?? (slow ? crypto.randomUUID() : '1');

/** Randomness of one test of this run. */
export const randomFor = (test: string) => seededRandom(`${test} ${seed}`);

/** Randomness that gives what it was given, once. */
export function fixedRandom(bytes: Uint8Array): Random {
  let given = false;
  return {
    bytes(length) {
      if (given || length !== bytes.length) throw new Error(`${length} bytes were asked for`);
      given = true;
      return bytes.slice();
    },
  };
}

/** A copy with one bit of it changed. */
export function flipped(bytes: Uint8Array, index: number, mask = 1): Uint8Array {
  const copy = bytes.slice();
  copy[index] = (copy[index] as number) ^ mask;
  return copy;
}

/** The same bytes as a view into the middle of a larger buffer. */
export function asView(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 24).fill(0xee);
  larger.set(bytes, 13);
  return larger.subarray(13, 13 + bytes.length);
}
