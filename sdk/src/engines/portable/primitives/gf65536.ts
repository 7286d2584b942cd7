/**
 * GF(2^16) with the polynomial x^16 + x^12 + x^3 + x + 1 (spec: spqr 4.4), by logarithms. The tables are
 * indexed by what is computed with, so this is for public data only. Knows no code built on it.
 */

const polynomial = 0x1100b;
const order = 0xffff;

interface Tables {
  /** Doubled, so that a sum of two logarithms needs no reduction. */
  readonly powers: Uint16Array;
  readonly logarithms: Uint16Array;
}

let built: Tables | undefined;

/** 384 KiB and about a millisecond: made when first needed. */
function tables(): Tables {
  if (built) return built;
  const powers = new Uint16Array(2 * order);
  const logarithms = new Uint16Array(order + 1);
  let value = 1;
  for (let power = 0; power < order; power += 1) {
    powers[power] = value;
    powers[power + order] = value;
    logarithms[value] = power;
    value = timesGenerator(value);
  }
  return (built = { powers, logarithms });
}

/** The generator is x: the polynomial is primitive. */
function timesGenerator(value: number): number {
  const doubled = value << 1;
  return doubled & 0x10000 ? doubled ^ polynomial : doubled;
}

/** The product of two field elements, each 0 to 65,535. */
export function multiply(left: number, right: number): number {
  if (left === 0 || right === 0) return 0;
  const { powers, logarithms } = tables();
  return powers[(logarithms[left] as number) + (logarithms[right] as number)] as number;
}

/** The inverse of a field element other than 0. */
export function invert(value: number): number {
  if (value === 0) throw new RangeError('0 has no inverse');
  const { powers, logarithms } = tables();
  return powers[order - (logarithms[value] as number)] as number;
}
