import { expect, it } from 'vitest';
import { invert, multiply } from '../../../../src/engines/portable/primitives/gf65536.js';
import { randomFor, seed } from './support.js';

const random = randomFor('gf65536');
const element = () => random.integer(65_536);

it('has an inverse of everything but 0', () => {
  let wrong = 0;
  for (let value = 1; value < 65_536; value += 1) if (multiply(value, invert(value)) !== 1) wrong += 1;
  expect(wrong).toBe(0);
  expect(() => invert(0)).toThrow(RangeError);
});

it('has 1 and 0', () => {
  for (const value of [0, 1, 2, 0x8000, 0xffff]) {
    expect(multiply(value, 1)).toBe(value);
    expect(multiply(value, 0)).toBe(0);
    expect(multiply(0, value)).toBe(0);
  }
});

it(`is a field, with exclusive or for addition (seed ${seed})`, () => {
  for (let round = 0; round < 5_000; round += 1) {
    const [a, b, c] = [element(), element(), element()];
    expect(multiply(a, b)).toBe(multiply(b, a));
    expect(multiply(a, multiply(b, c))).toBe(multiply(multiply(a, b), c));
    expect(multiply(a, b ^ c)).toBe(multiply(a, b) ^ multiply(a, c));
  }
});
