/**
 * Polynomials of degree below 256 modulo x^256 + 1 over the integers modulo 3329, and their number-theoretic
 * transform (FIPS 203, 4.3). Coefficients are always reduced. Knows no key.
 */

/** The modulus. */
export const q = 3329;
/** Coefficients in a polynomial. */
export const n = 256;

/** 256 coefficients, each below {@link q}. */
export type Polynomial = Uint16Array;

/** 17 has order 256 modulo q. */
const rootOfUnity = 17;
/** 1 / 128 modulo q, which the inverse transform scales by. */
const inverse128 = 3303;

/** 17 to the power of the bit-reversed index. */
const zetas = makeZetas();

function makeZetas(): Uint16Array {
  const powers = new Uint16Array(128);
  powers[0] = 1;
  for (let power = 1; power < 128; power += 1) {
    powers[power] = ((powers[power - 1] as number) * rootOfUnity) % q;
  }
  return Uint16Array.from(powers, (_, index) => powers[reverse7(index)] as number);
}

function reverse7(index: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 7; bit += 1) reversed |= ((index >> bit) & 1) << (6 - bit);
  return reversed;
}

/** Transforms in place (Algorithm 9). */
export function transform(f: Polynomial): Polynomial {
  let index = 1;
  for (let length = 128; length >= 2; length >>= 1) {
    for (let start = 0; start < n; start += 2 * length) {
      const zeta = zetas[index++] as number;
      for (let j = start; j < start + length; j += 1) {
        const low = f[j] as number;
        const high = (zeta * (f[j + length] as number)) % q;
        f[j + length] = (low - high + q) % q;
        f[j] = (low + high) % q;
      }
    }
  }
  return f;
}

/** Transforms back in place (Algorithm 10). */
export function transformBack(f: Polynomial): Polynomial {
  let index = 127;
  for (let length = 2; length <= 128; length <<= 1) {
    for (let start = 0; start < n; start += 2 * length) {
      const zeta = zetas[index--] as number;
      for (let j = start; j < start + length; j += 1) {
        const low = f[j] as number;
        const high = f[j + length] as number;
        f[j] = (low + high) % q;
        f[j + length] = (zeta * (high - low + q)) % q;
      }
    }
  }
  for (let j = 0; j < n; j += 1) f[j] = ((f[j] as number) * inverse128) % q;
  return f;
}

/** Adds the product of two transformed polynomials to a sum (Algorithms 11 and 12). */
export function addProduct(sum: Polynomial, f: Polynomial, g: Polynomial): void {
  for (let pair = 0; pair < n / 2; pair += 1) {
    const zeta = zetas[64 + (pair >> 1)] as number;
    const gamma = (pair & 1) === 0 ? zeta : q - zeta;
    const at = 2 * pair;
    const [f0, f1] = [f[at] as number, f[at + 1] as number];
    const [g0, g1] = [g[at] as number, g[at + 1] as number];
    sum[at] = ((sum[at] as number) + f0 * g0 + ((f1 * g1) % q) * gamma) % q;
    sum[at + 1] = ((sum[at + 1] as number) + f0 * g1 + f1 * g0) % q;
  }
}

/** Adds in place. */
export function add(sum: Polynomial, f: Polynomial): Polynomial {
  for (let j = 0; j < n; j += 1) sum[j] = ((sum[j] as number) + (f[j] as number)) % q;
  return sum;
}

/** Subtracts in place. */
export function subtract(difference: Polynomial, f: Polynomial): Polynomial {
  for (let j = 0; j < n; j += 1) difference[j] = ((difference[j] as number) - (f[j] as number) + q) % q;
  return difference;
}
