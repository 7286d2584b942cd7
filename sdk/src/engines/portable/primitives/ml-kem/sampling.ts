/** Polynomials from seeds (FIPS 203, 4.2.2). Knows no key. */
import { concatBytes } from '../../../../bytes.js';
import type { Keccak } from './keccak.js';
import { n, q, type Polynomial } from './ring.js';

/**
 * How much is asked of SHAKE128: three blocks are 336 candidates, of which four in five fit and in one case of a
 * hundred too few. Of twice as many fewer than 256 fit with a probability below 2^-200, whoever chose the seed.
 */
const streamLengths = [504, 1008];

/** A uniform polynomial, already transformed (Algorithm 7). */
export function sampleUniform(keccak: Keccak, seed: Uint8Array, first: number, second: number): Polynomial {
  const input = concatBytes(seed, Uint8Array.of(first, second));
  for (const length of streamLengths) {
    const sampled = uniformFrom(keccak.shake128(input, length));
    if (sampled) return sampled;
  }
  throw new RangeError('SHAKE128 gave too few candidates');
}

/** The first 256 candidates that fit; `undefined` when there are fewer. */
function uniformFrom(stream: Uint8Array): Polynomial | undefined {
  const sampled = new Uint16Array(n);
  let count = 0;
  for (let at = 0; at < stream.length && count < n; at += 3) {
    const [a, b, c] = [stream[at] as number, stream[at + 1] as number, stream[at + 2] as number];
    const low = a | ((b & 0x0f) << 8);
    const high = (b >> 4) | (c << 4);
    if (low < q) sampled[count++] = low;
    if (high < q && count < n) sampled[count++] = high;
  }
  return count === n ? sampled : undefined;
}

/** A small polynomial: each coefficient the difference of two bits' sums (Algorithm 8, eta = 2). */
export function sampleSmall(keccak: Keccak, seed: Uint8Array, nonce: number): Polynomial {
  const bytes = keccak.shake256(concatBytes(seed, Uint8Array.of(nonce)), n / 2);
  const sampled = new Uint16Array(n);
  for (let index = 0; index < n; index += 1) {
    const bits = (bytes[index >> 1] as number) >> (4 * (index & 1));
    const plus = (bits & 1) + ((bits >> 1) & 1);
    const minus = ((bits >> 2) & 1) + ((bits >> 3) & 1);
    sampled[index] = (plus - minus + q) % q;
  }
  return sampled;
}
