/** Polynomials as bytes, whole and compressed (FIPS 203, 4.2.1). Knows no key. */
import { n, q, type Polynomial } from './ring.js';

const reciprocal = 1 / q;

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

/** Reads 256 numbers of so many bits each (Algorithm 6). */
export function unpack(bits: number, bytes: Uint8Array): Polynomial {
  const numbers = new Uint16Array(n);
  const mask = (1 << bits) - 1;
  let buffered = 0;
  let held = 0;
  let at = 0;
  for (let index = 0; index < n; index += 1) {
    while (held < bits) {
      buffered |= (bytes[at++] as number) << held;
      held += 8;
    }
    numbers[index] = buffered & mask;
    buffered >>>= bits;
    held -= bits;
  }
  return numbers;
}

/** Rounds each coefficient to so many bits (Compress). In place. */
export function compress(bits: number, f: Polynomial): Polynomial {
  const mask = (1 << bits) - 1;
  // No division: how long one takes may tell what was divided. Half of one off, the product is never so close
  // to a whole number that its rounding matters.
  for (let index = 0; index < n; index += 1) {
    const scaled = (f[index] as number) * (1 << bits) + (q >> 1);
    f[index] = Math.floor((scaled + 0.5) * reciprocal) & mask;
  }
  return f;
}

/** The reverse, as near as it gets (Decompress). In place. */
export function decompress(bits: number, f: Polynomial): Polynomial {
  for (let index = 0; index < n; index += 1) {
    f[index] = ((f[index] as number) * q + (1 << (bits - 1))) >> bits;
  }
  return f;
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
