import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startLoadWatch, type LoadWatch } from '../../src/load-watch.js';
import { relayLimits } from '../../src/relay-limits.js';

describe('the load watch', () => {
  let watch: LoadWatch | undefined;
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    watch?.stop();
    vi.useRealTimers();
  });

  it('sheds when it lasts, above one bound, and admits again below another', () => {
    const { shedAboveLagMs, admitBelowLagMs, shedAfterLooks, lagLookMs } = relayLimits;
    const between = (shedAboveLagMs + admitBelowLagMs) / 2;
    let lagMs = 0;
    watch = startLoadWatch({ readLag: () => lagMs });
    const after = (next: number, looks = 1) => {
      lagMs = next;
      vi.advanceTimersByTime(lagLookMs * looks);
      return watch!.overloaded();
    };
    const above = shedAboveLagMs + 1;
    expect([after(0), after(between, 10), after(above, shedAfterLooks - 1)]).toEqual([false, false, false]);
    expect([after(0), after(above, shedAfterLooks), after(between)]).toEqual([false, true, true]);
    expect([after(admitBelowLagMs), after(between, 10)]).toEqual([false, false]);
  });

  it('knows by its own lateness that the loop has not turned at all, for as long as sheds', () => {
    const { shedAfterLooks, lagLookMs } = relayLimits;
    let nowMs = 0;
    watch = startLoadWatch({ readLag: () => 0, now: () => nowMs });
    const lookAfter = (turnMs: number) => {
      nowMs += turnMs;
      vi.advanceTimersByTime(lagLookMs);
      return watch!.overloaded();
    };
    const longEnough = lagLookMs * shedAfterLooks;
    expect([lookAfter(lagLookMs), lookAfter(longEnough - 1), lookAfter(lagLookMs)]).toEqual([
      false,
      false,
      false,
    ]);
    expect([lookAfter(longEnough), lookAfter(lagLookMs)]).toEqual([true, false]);
  });
});

it('notices a loop that is held up', async () => {
  const watch = startLoadWatch();
  const hold = (forMs: number) => {
    const until = performance.now() + forMs;
    while (performance.now() < until);
  };
  const deadline = performance.now() + 20_000;
  while (!watch.overloaded() && performance.now() < deadline) {
    hold(relayLimits.shedAboveLagMs * 2);
    // Timers have their turn, and no time passes in which the loop would be punctual.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(watch.overloaded()).toBe(true);
  watch.stop();
});
