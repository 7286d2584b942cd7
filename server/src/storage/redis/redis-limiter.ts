/**
 * Token buckets in Redis, shared by all nodes. Keys are digests under the relay's secret: Redis learns no
 * name, account or address from them. Knows no operation.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { BucketSize, Limiter, Taken } from '../../limits/bounded-limiter.js';
import type { RedisLink } from './redis-link.js';
import { redisKeys } from './redis-keys.js';
import { RedisScript } from './redis-script.js';

/** By Redis's own clock, so that nodes whose clocks differ share one bucket. Answers 0, or how long to wait. */
const takeScript = new RedisScript(`
local burst, refill, refillMs = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local kept = redis.call('HMGET', KEYS[1], 'p', 't')
local points = burst
if kept[1] and kept[2] then
  points = math.min(burst, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * refill / refillMs)
end
local wait = 0
if points >= 1 then points = points - 1 else wait = math.ceil((1 - points) * refillMs / refill) end
redis.call('HSET', KEYS[1], 'p', tostring(points), 't', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - points) * refillMs / refill) + 1)
return wait`);

const digestBytes = 16;

/** Options of {@link createRedisLimiter}. */
export interface RedisLimiterOptions {
  readonly link: RedisLink;
  readonly size: BucketSize;
  /** The row's own name, so that equal subjects of two rows have two buckets. */
  readonly name: string;
  /** Hides subjects. */
  readonly key: KeyObject;
  /** What stands in while Redis is away: buckets of this node alone. Without one, taking fails then. */
  readonly fallback: Limiter | undefined;
}

/** See the file's header. */
export function createRedisLimiter(options: RedisLimiterOptions): Limiter {
  const { link, size, name, key, fallback } = options;
  const parameters = [size.burst, size.refill, size.refillMs].map(String);
  const bucketOf = (subject: string) => {
    const digest = createHmac('sha256', key).update(`${name}\0${subject}`).digest().subarray(0, digestBytes);
    return redisKeys.bucket(digest.toString('base64url'));
  };
  return {
    async take(subject): Promise<Taken> {
      const input = { keys: [bucketOf(subject)], arguments: parameters };
      try {
        const retryAfterMs = Number(await link.run((client) => takeScript.run(client, input)));
        return retryAfterMs === 0 ? { kind: 'taken' } : { kind: 'refused', retryAfterMs };
      } catch (error) {
        if (fallback === undefined) throw error;
        return fallback.take(subject);
      }
    },
  };
}
