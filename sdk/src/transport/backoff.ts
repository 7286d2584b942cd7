/** How long to wait before the next attempt: exponential, with full jitter, so that many clients do not come back together. */
import type { Random } from '../ports/host.js';
import { randomInteger } from '../random.js';
import { streamLimits } from './stream-limits.js';

/** Counts failed attempts in a row. */
export class Backoff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * The wait after one more failure.
   * @param retryAfterMs - what the relay asked for; the drawn delay comes on top, for the same reason
   * @returns whole milliseconds
   */
  nextDelayMs(retryAfterMs = 0): number {
    const { minReconnectDelayMs, firstReconnectDelayMs, maxReconnectDelayMs } = streamLimits;
    const ceiling = Math.min(maxReconnectDelayMs, firstReconnectDelayMs * 2 ** this.#failures);
    // Beyond this the ceiling no longer grows, and the power would in the end overflow.
    this.#failures = Math.min(this.#failures + 1, 30);
    const drawn = minReconnectDelayMs + randomInteger(this.#random, ceiling - minReconnectDelayMs + 1);
    return retryAfterMs + drawn;
  }

  /** The last connection was a good one. */
  reset(): void {
    this.#failures = 0;
  }
}
