/** Bounds how much slow hashing waits at once. Knows no hash. */
import { ProblemError } from './ports.js';
import { relayLimits } from './relay-limits.js';

/** Runs work unless too much is under way. */
export interface HashGate {
  /** @throws ProblemError `unavailable` when too much is under way, and whatever the work throws */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** @param maxWaiting - calls under way or waiting for a thread */
export function createHashGate(maxWaiting: number = relayLimits.maxWaitingHashes): HashGate {
  let waiting = 0;
  return {
    async run(work) {
      if (waiting >= maxWaiting) {
        throw new ProblemError('unavailable', { retryAfterMs: relayLimits.hashRetryAfterMs });
      }
      waiting += 1;
      try {
        return await work();
      } finally {
        waiting -= 1;
      }
    },
  };
}
