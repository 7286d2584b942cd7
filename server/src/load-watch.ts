/**
 * Notices that the process cannot keep up: its event loop turns late. Then new work is turned away, so that
 * work under way gets done. Knows no work.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { relayLimits } from './relay-limits.js';

/** See the file's header. */
export interface LoadWatch {
  /** Whether new work should be turned away now. */
  overloaded(): boolean;
  stop(): void;
}

/** How late the loop turned since the last look, on average, in milliseconds. */
export type ReadLag = () => number;

const resolutionMs = 10;

function measureLag(): { readonly read: ReadLag; readonly stop: () => void } {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let [count, sumMs, lagMs] = [0, 0, 0];
  const read = () => {
    // Never reset: a monitor that is begins with a turn it does not count, which may be the only one until the next look.
    const before = { count, sumMs };
    count = delay.count;
    sumMs = count > 0 ? (delay.mean / 1e6) * count : 0;
    const turns = count - before.count;
    // A loop that did not turn since the last look is as late as it was. The timer's own interval is part of
    // what it measures.
    if (turns > 0) lagMs = Math.max((sumMs - before.sumMs) / turns - resolutionMs, 0);
    return lagMs;
  };
  return { read, stop: () => void delay.disable() };
}

/**
 * Starts watching.
 * @param options - for tests: a lag in place of the process's own, and a clock, in milliseconds
 */
export function startLoadWatch({
  readLag,
  now = () => performance.now(),
}: { readonly readLag?: ReadLag; readonly now?: () => number } = {}): LoadWatch {
  const measured = readLag === undefined ? measureLag() : { read: readLag, stop: () => {} };
  let overloaded = false;
  let looksAbove = 0;
  let lookedAt = now();
  const look = () => {
    const { shedAboveLagMs, admitBelowLagMs, shedAfterLooks, lagLookMs } = relayLimits;
    const at = now();
    // In a loop that hardly turns the look itself is late: it stands for those that there should have been.
    const lateMs = Math.max(at - lookedAt - lagLookMs, 0);
    lookedAt = at;
    const lagMs = Math.max(measured.read(), lateMs);
    const looks = 1 + Math.floor(lateMs / lagLookMs);
    looksAbove = lagMs > shedAboveLagMs ? looksAbove + looks : 0;
    // Two bounds, so that it does not flicker.
    overloaded = overloaded ? lagMs > admitBelowLagMs : looksAbove >= shedAfterLooks;
  };
  const timer = setInterval(look, relayLimits.lagLookMs).unref();
  return {
    overloaded: () => overloaded,
    stop() {
      clearInterval(timer);
      measured.stop();
    },
  };
}
