/** Polynomials as bytes, whole and compressed (FIPS 203, 4.2.1). Knows no key. */
import { n, q, type Polynomial } from './ring.js';

/** Packs 256 numbers of so many bits each, lowest bit first (Algorithm 5). */
export function pack(bits: number, numbers: Polynomial): Uint8Array {
  const bytes = new Uint8Array((n * bits) / 8);
  let buffered = 0;
  let held = 0;
  let at = 0;
  for (const number of numbers) {
    buffered |= number << held;
    held += bits;
    while (held >= 8) {
      bytes[at++] = buffered;
      buffered >>>= 8;
      held -= 8;
    }
  }
  return bytes;
}

/** Reads 256 coefficients of 12 bits; `undefined` when one is not below the modulus. */
export function unpackCoefficients(bytes: Uint8Array): Polynomial | undefined {
  const coefficients = new Uint16Array(n);
  let inRange = true;
  for (let pair = 0; pair < n / 2; pair += 1) {
    const at = 3 * pair;
    const middle = bytes[at + 1] as number;
    const low = (bytes[at] as number) | ((middle & 0x0f) << 8);
    const high = (middle >> 4) | ((bytes[at + 2] as number) << 4);
    coefficients[2 * pair] = low;
    coefficients[2 * pair + 1] = high;
    inRange &&= low < q && high < q;
  }
  return inRange ? coefficients : undefined;
}

/** Rounds each coefficient to so many bits (Compress). */
export function compress(bits: number, f: Polynomial): Polynomial {
  const mask = (1 << bits) - 1;
  return f.map((coefficient) => Math.floor((coefficient * (1 << bits) + (q >> 1)) / q) & mask);
}

/** A polynomial from the 256 bits of a message: 0 or half the modulus (Decompress of one bit). */
export function polynomialFromMessage(message: Uint8Array): Polynomial {
  const f = new Uint16Array(n);
  for (let index = 0; index < n; index += 1) {
    // A mask and no branch: the message is secret.
    f[index] = -(((message[index >> 3] as number) >> (index & 7)) & 1) & ((q + 1) >> 1);
  }
  return f;
}
