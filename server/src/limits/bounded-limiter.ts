/**
 * A token bucket per key in this process, with a bound on the number of keys. Counts as the buckets in Redis
 * do. Knows no operation.
 */

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
  /** Answers at once where the buckets are in this process. */
  take(key: string): Taken | Promise<Taken>;
}

/** Buckets by key, in memory. */
export interface BoundedLimiter extends Limiter {
  take(key: string): Taken;
  /** How many keys are held, full buckets included. */
  readonly size: number;
}

interface Bucket {
  points: number;
  countedAt: number;
}

const taken: Taken = { kind: 'taken' };

/**
 * Opens an empty set of buckets: `burst` pass at once, then `refill` per `refillMs`.
 * @param maxKeys - beyond it the key that was used least recently starts anew
 * @param now - milliseconds; a clock that is set back refills nothing
 */
export function createBoundedLimiter(
  { burst, refill, refillMs }: BucketSize,
  maxKeys: number,
  now: () => number = Date.now,
): BoundedLimiter {
  const buckets = new Map<string, Bucket>();

  const bucketOf = (key: string): Bucket => {
    const nowMs = now();
    const bucket = buckets.get(key) ?? { points: burst, countedAt: nowMs };
    const refilled = (Math.max(nowMs - bucket.countedAt, 0) * refill) / refillMs;
    bucket.points = Math.min(bucket.points + refilled, burst);
    bucket.countedAt = nowMs;
    // To the end: a map keeps the order in which keys came.
    buckets.delete(key);
    buckets.set(key, bucket);
    return bucket;
  };

  return {
    take(key) {
      const bucket = bucketOf(key);
      const oldest = buckets.size > maxKeys ? buckets.keys().next().value : undefined;
      if (oldest !== undefined) buckets.delete(oldest);
      if (bucket.points < 1) {
        return { kind: 'refused', retryAfterMs: Math.ceil(((1 - bucket.points) * refillMs) / refill) };
      }
      bucket.points -= 1;
      return taken;
    },
    get size() {
      return buckets.size;
    },
  };
}
