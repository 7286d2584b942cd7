/** What refused messages may cost: so much an hour, however the clock goes. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import { charged, WorkBudget } from '../../src/messages/work-budget.js';

const now = 1_000_000_000;
const all = limits.maxRefusedSteps;
const free = limits.freeDecryptionSteps;

function spend(refused: Parameters<WorkBudget['open']>[0], ...steps: number[]): number | string {
  const budget = new WorkBudget();
  budget.open(refused, now);
  try {
    for (const count of steps) budget.spend(count);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return budget.spent;
}

describe('the work for one message', () => {
  it('is all there is while nothing was refused, and what costs more is none', () => {
    expect(spend(undefined, all)).toBe(all);
    expect(spend(undefined, all, 1)).toBe('invalid-message');
  });

  it('is what refused ones have left, and never less than what every message is worth', () => {
    expect(spend({ since: now - 1, steps: all - 1_000 }, 1_000)).toBe(1_000);
    expect(spend({ since: now - 1, steps: all - 1_000 }, 900, 101)).toBe('decryption-deferred');
    expect(spend({ since: now - 1, steps: 10 * all }, free)).toBe(free);
    expect(spend({ since: now - 1, steps: 10 * all }, free + 1)).toBe('decryption-deferred');
  });

  it('is whole again after an hour, and after a clock that was wrong', () => {
    const hour = limits.refusedStepsWindowMs;
    expect(spend({ since: now - hour + 1, steps: all }, free + 1)).toBe('decryption-deferred');
    expect(spend({ since: now - hour, steps: all }, all)).toBe(all);
    expect(spend({ since: now + 1, steps: all }, all)).toBe(all);
  });

  it('is counted together from the first refused one on', () => {
    const first = charged(undefined, 5, now);
    expect(first).toEqual({ since: now, steps: 5 });
    const second = charged(first, 7, now + 10);
    expect(second).toEqual({ since: now, steps: 12 });
    expect(charged(second, 1, now + limits.refusedStepsWindowMs)).toEqual({
      since: now + limits.refusedStepsWindowMs,
      steps: 1,
    });
  });
});
