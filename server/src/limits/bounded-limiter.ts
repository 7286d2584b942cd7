/**
 * One bucket per key in memory, with a bound on the number of keys. The counting is
 * rate-limiter-flexible's; its memory store has no bound of its own.
 */
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** The size of a bucket. */
export interface BucketSize {
  readonly burst: number;
  readonly refill: number;
  readonly refillMs: number;
}

/** How the taking of one point went. */
export type Taken = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly retryAfterMs: number };

/** Buckets by key, wherever they are. */
export interface Limiter {
  take(key: string): Promise<Taken>;
}

/** Buckets by key, in memory. */
export interface BoundedLimiter extends Limiter {
  /** How many keys are held, expired ones included. */
  readonly size: number;
}

/**
 * Opens an empty set of buckets. A bucket is two windows: `refill` points per `refillMs`, and besides
 * them `burst - refill` points per the time in which as many are refilled. So `burst` pass at once,
 * then `refill` per `refillMs`; someone who never pauses gets at most twice that in the long run.
 * @param maxKeys - beyond it the key that was used least recently starts anew
 */
export function createBoundedLimiter(size: BucketSize, maxKeys: number): BoundedLimiter {
  const extra = Math.max(size.burst - size.refill, 0);
  const steady = new RateLimiterMemory({ points: size.refill, duration: size.refillMs / 1000 });
  const burst = new RateLimiterMemory({
    points: extra,
    duration: (Math.max(extra / size.refill, 1) * size.refillMs) / 1000,
  });
  const bursty = new BurstyRateLimiter(steady, burst);
  const keys = new Set<string>();

  const touch = async (key: string) => {
    keys.delete(key);
    keys.add(key);
    const oldest = keys.values().next().value;
    if (keys.size <= maxKeys || oldest === undefined) return;
    keys.delete(oldest);
    await Promise.all([steady.delete(oldest), burst.delete(oldest)]);
  };

  return {
    async take(key) {
      await touch(key);
      try {
        await bursty.consume(key);
        return { kind: 'taken' };
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        return { kind: 'refused', retryAfterMs: Math.max(Math.ceil(refusal.msBeforeNext), 1) };
      }
    },
    get size() {
      return keys.size;
    },
  };
}
