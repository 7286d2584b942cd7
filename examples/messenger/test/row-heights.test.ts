import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowHeights } from '../src/chat/row-heights.js';

const guess = 44;

describe('where rows lie', () => {
  it('is guessed until it is measured', () => {
    const heights = new RowHeights(guess);
    expect(heights.top(10_000)).toBe(10_000 * guess);
    expect(heights.set(0, 60)).toBe(16);
    expect(heights.set(0, 60)).toBe(0);
    expect([heights.of(0), heights.of(1), heights.top(1), heights.top(3)]).toEqual([60, 44, 60, 148]);
  });

  it('is what adding up would give, in whatever order rows are measured and asked for', () => {
    const step = fc.record({ row: fc.nat(199), height: fc.integer({ min: 1, max: 400 }), ask: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heights = new RowHeights(guess);
        const plain = Array.from({ length: 200 }, () => guess);
        const sum = (count: number) => plain.slice(0, count).reduce((total, each) => total + each, 0);
        for (const { row, height, ask } of steps) {
          expect(heights.set(row, height)).toBe(height - plain[row]!);
          plain[row] = height;
          expect(heights.top(ask)).toBe(sum(ask));
        }
        const place = steps[0]?.height ?? 0;
        const row = heights.rowAt(place, 200);
        expect(sum(row)).toBeLessThanOrEqual(place);
        expect(sum(row + 1)).toBeGreaterThan(place);
      }),
    );
  });

  it('has an answer beyond its ends, and where there is no row', () => {
    const heights = new RowHeights(guess);
    expect(heights.rowAt(0, 0)).toBe(0);
    expect(heights.rowAt(-5, 3)).toBe(0);
    expect(heights.rowAt(1e9, 3)).toBe(2);
  });
});
