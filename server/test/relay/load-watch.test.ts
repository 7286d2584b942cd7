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
    watch = startLoadWatch(() => lagMs);
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
});

function hold(forMs: number): void {
  const until = performance.now() + forMs;
  while (performance.now() < until);
}

it('notices a loop that does not turn at all by its own lateness', async () => {
  const { lagLookMs, shedAfterLooks } = relayLimits;
  const watch = startLoadWatch(() => 0);
  hold(lagLookMs * (shedAfterLooks + 1));
  await vi.waitUntil(() => watch.overloaded(), { interval: 0 });
  // It turns again, and so the next look is in time.
  await vi.waitUntil(() => !watch.overloaded(), { interval: 10, timeout: 10_000 });
  watch.stop();
});

it('notices a loop that is held up', async () => {
  const watch = startLoadWatch();
  const deadline = performance.now() + 20_000;
  while (!watch.overloaded() && performance.now() < deadline) {
    hold(relayLimits.shedAboveLagMs * 2);
    // Timers have their turn, and no time passes in which the loop would be punctual.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(watch.overloaded()).toBe(true);
  watch.stop();
});
