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
  let lagMs = 0;
  const read = () => {
    // A loop that did not turn since the last look is as late as it was. The timer's own interval is part of
    // what it measures.
    if (delay.count > 0) lagMs = Math.max(delay.mean / 1e6 - resolutionMs, 0);
    delay.reset();
    return lagMs;
  };
  return { read, stop: () => void delay.disable() };
}

/**
 * Starts watching.
 * @param readLag - in place of the process's own, for tests
 */
export function startLoadWatch(readLag?: ReadLag): LoadWatch {
  const measured = readLag === undefined ? measureLag() : { read: readLag, stop: () => {} };
  let overloaded = false;
  let looksAbove = 0;
  const look = () => {
    const { shedAboveLagMs, admitBelowLagMs, shedAfterLooks } = relayLimits;
    const lagMs = measured.read();
    looksAbove = lagMs > shedAboveLagMs ? looksAbove + 1 : 0;
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
