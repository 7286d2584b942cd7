/** How long to wait before trying again. */
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import { randomInteger } from '../random.js';

/** Full jitter over an exponentially growing bound, so that many clients do not come back together. */
export function backoffMs(host: Host, failures: number): number {
  const bound = Math.min(limits.maxRetryDelayMs, limits.minRetryDelayMs * 2 ** Math.min(failures, 20));
  return Math.floor(bound / 2) + randomInteger(host.random, Math.ceil(bound / 2));
}
