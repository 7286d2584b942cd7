/** The machine the SDK runs on: real time, real randomness, and a logger that drops everything. */
import type { Clock, Logger, Random } from './ports/host.js';

/** What every part may need of the machine. */
export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The platform's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** The platform's secure randomness. */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

/** Drops every line. */
export const silentLogger: Logger = { log: () => undefined };
