/** Polynomials from seeds (FIPS 203, 4.2.2). Knows no key. */
import { shake128, shake256 } from '@noble/hashes/sha3.js';
import { concatBytes } from '../../../../bytes.js';
import { n, q, type Polynomial } from './ring.js';

/** One block of SHAKE128: 112 candidates, of which four in five fit. */
const blockLength = 168;

/** A uniform polynomial, already transformed (Algorithm 7). */
export function sampleUniform(seed: Uint8Array, first: number, second: number): Polynomial {
  const stream = shake128.create().update(concatBytes(seed, Uint8Array.of(first, second)));
  const sampled = new Uint16Array(n);
  for (let count = 0; count < n;) {
    const block = stream.xof(blockLength);
    for (let at = 0; at < blockLength && count < n; at += 3) {
      const [a, b, c] = [block[at] as number, block[at + 1] as number, block[at + 2] as number];
      const low = a | ((b & 0x0f) << 8);
      const high = (b >> 4) | (c << 4);
      if (low < q) sampled[count++] = low;
      if (high < q && count < n) sampled[count++] = high;
    }
  }
  return sampled;
}

/** A small polynomial: each coefficient the difference of two bits' sums (Algorithm 8, eta = 2). */
export function sampleSmall(seed: Uint8Array, nonce: number): Polynomial {
  const bytes = shake256(concatBytes(seed, Uint8Array.of(nonce)), { dkLen: n / 2 });
  const sampled = new Uint16Array(n);
  for (let index = 0; index < n; index += 1) {
    const bits = (bytes[index >> 1] as number) >> (4 * (index & 1));
    const plus = (bits & 1) + ((bits >> 1) & 1);
    const minus = ((bits >> 2) & 1) + ((bits >> 3) & 1);
    sampled[index] = (plus - minus + q) % q;
  }
  return sampled;
}
