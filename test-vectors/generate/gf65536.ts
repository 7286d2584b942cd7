/** Vectors of the field GF(2^16), by multiplication as it is written down: shifts, and no table. */
import type { VectorFile, VectorTest } from './vector-file.js';

const polynomial = 0x1100b;

function product(left: number, right: number): number {
  let sum = 0;
  for (let bit = 0; bit < 16; bit += 1) if ((right >> bit) & 1) sum ^= left << bit;
  for (let bit = 30; bit >= 16; bit -= 1) if ((sum >> bit) & 1) sum ^= polynomial << (bit - 16);
  return sum;
}

/** The power of 2^16 - 2: the inverse of all but 0. */
function inverse(value: number): number {
  let power = 1;
  for (let bit = 15; bit >= 0; bit -= 1) {
    power = product(power, power);
    if (bit > 0) power = product(power, value);
  }
  return power;
}

/** What the specification gives. */
const published = new Map([
  ['2*32768', 0x100b],
  ['4660*22136', 0x6324],
  ['1/3', 0xf006],
]);

function checked(name: string, value: number): number {
  if ((published.get(name) ?? value) !== value) throw new Error(`${name} differs`);
  return value;
}

function multiplied(left: number, right: number): VectorTest {
  return {
    id: `multiply-${left}-${right}`,
    flags: ['multiply'],
    source: 'by definition',
    input: { left, right },
    result: 'valid',
    output: { product: checked(`${left}*${right}`, product(left, right)) },
  };
}

function inverted(value: number): VectorTest {
  return {
    id: `invert-${value}`,
    flags: ['invert'],
    source: 'by definition',
    input: { value },
    result: 'valid',
    output: { inverse: checked(`1/${value}`, inverse(value)) },
  };
}

/** `gf65536.json`. */
export function gf65536Vectors(): VectorFile {
  const pairs = Array.from({ length: 32 }, (_, index) => [index * 2039, 65_535 - index * 1021] as const);
  return {
    operation: 'gf65536',
    schemaVersion: 1,
    about: 'The field of 2^16 elements with the polynomial x^16 + x^12 + x^3 + x + 1.',
    hex: [],
    tests: [
      multiplied(2, 0x8000),
      multiplied(0x1234, 0x5678),
      multiplied(0xffff, 0xffff),
      ...pairs.map(([left, right]) => multiplied(left, right)),
      ...[1, 2, 3, 0x8000, 0xffff, ...pairs.slice(1).map(([left]) => left)].map(inverted),
    ],
  };
}
