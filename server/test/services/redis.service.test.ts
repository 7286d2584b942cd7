/** What Redis carries, piece by piece: shared buckets, what becomes of them without it, and who is connected where. */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import type { AccountId, DeviceId } from '@sotto/sdk/wire';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRelayLog } from '../../src/logging/relay-log.js';
import { createRateLimits } from '../../src/limits/rate-limits.js';
import type { LimitRow } from '../../src/limits/limit-table.js';
import type { RateLimits } from '../../src/ports.js';
import { nodeLimits } from '../../src/nodes/limits.js';
import type { NodeHandlers } from '../../src/nodes/node-exchange.js';
import { openNodes } from '../../src/nodes/open-nodes.js';
import { completeConfig } from '../../src/config.js';
import { RedisExchange } from '../../src/storage/redis/redis-exchange.js';
import { redisKeys } from '../../src/storage/redis/redis-keys.js';
import { RedisLink } from '../../src/storage/redis/redis-link.js';
import { createRedisLimiter } from '../../src/storage/redis/redis-limiter.js';
import { waitFor } from '../support/wait-for.js';
import { startRedis, type RedisService } from './redis-service.js';

const log = createRelayLog({ level: 'silent', now: () => 0 });
const key = createSecretKey(randomBytes(32));
const row = (limit: LimitRow['limit'], onFailure: LimitRow['onFailure']): LimitRow => ({
  ...{ limit, per: 'address', burst: 10, refill: 1, refillMs: 3_600_000, onFailure, reason: '' },
});
const table = [row('send', 'open'), row('login', 'closed')];

describe('rate limits in Redis', () => {
  let redis: RedisService;
  let links: RedisLink[];
  let nodes: RateLimits[];
  beforeAll(async () => {
    redis = await startRedis();
    links = [0, 1, 2].map(() => new RedisLink({ url: redis.url, channel: randomUUID(), log }));
    await Promise.all(links.map((link) => link.start()));
    nodes = links.map((link) =>
      createRateLimits({
        table,
        createLimiter: ({ limit, onFailure }, size) => {
          const fallback =
            onFailure === 'open' ? { take: async () => ({ kind: 'taken' }) as const } : undefined;
          return createRedisLimiter({ link, size, name: limit, key, fallback });
        },
      }),
    );
  });
  afterAll(async () => {
    await Promise.all(links.map((link) => link.close()));
    await redis.stop();
  });

  const take = (node: number, limit: LimitRow['limit'], address: string) =>
    Promise.resolve(nodes[node]!.consume(limit, { address })).then(
      () => 'taken',
      ({ code, extra }: { code: string; extra: { retryAfterMs?: number } }) => ({ code, ...extra }),
    );

  it('are one bucket for all nodes, to the point, and one per subject and class', async () => {
    const taken = await Promise.all(
      Array.from({ length: 60 }, (_, index) => take(index % 3, 'send', '10.0.0.1')),
    );
    expect(taken.filter((one) => one === 'taken')).toHaveLength(10);
    expect(await take(1, 'send', '10.0.0.2')).toBe('taken');
    expect(await take(2, 'login', '10.0.0.1')).toBe('taken');
    const refused = await take(0, 'send', '10.0.0.1');
    expect(refused).toMatchObject({ code: 'rate-limited' });
    const { retryAfterMs } = refused as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(3_500_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_600_000);
  });

  it('let through or refuse as the table says while Redis is away, and count again after it', async () => {
    await redis.kill();
    await waitFor('the links to break', () => links.every(({ isUp }) => !isUp));
    expect(await take(0, 'send', '10.0.0.3')).toBe('taken');
    expect(await take(0, 'login', '10.0.0.3')).toMatchObject({ code: 'unavailable' });
    await redis.restart();
    await waitFor('the links to hold', () => links.every(({ isUp }) => isUp));
    const taken = await Promise.all(
      Array.from({ length: 30 }, (_, index) => take(index % 3, 'login', '10.0.0.3')),
    );
    expect(taken.filter((one) => one === 'taken')).toHaveLength(10);
  });

  it('are counted by the node itself where the table says open', async () => {
    const config = completeConfig({
      databaseUrl: 'postgres://unused',
      redisUrl: redis.url,
      secret: randomBytes(32),
    });
    // Never started: Redis is away for it. The database is only for nodes without Redis.
    const database = undefined as never;
    const { createLimiter } = openNodes({ config, database, limitKey: key, log });
    const limits = createRateLimits({ table, createLimiter });
    const tries = Array.from({ length: 30 }, async () => limits.consume('send', { address: '10.0.0.4' }));
    const settled = await Promise.allSettled(tries);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });
});

describe('who is connected where', () => {
  let redis: RedisService;
  let link: RedisLink;
  let exchange: RedisExchange;
  let renew: () => void;
  const device = { accountId: randomUUID() as AccountId, deviceId: 1 as DeviceId };
  const connection = { device, id: randomUUID(), since: 1_000 };
  const replaced: unknown[] = [];
  const handlers: NodeHandlers = {
    received: () => true,
    replaced: (older) => void replaced.push(older),
    missed: () => {},
    connections: () => [connection],
    find: () => connection,
  };
  beforeAll(async () => {
    redis = await startRedis();
    link = new RedisLink({ url: redis.url, channel: redisKeys.node('here'), log });
    exchange = new RedisExchange({ link, nodeId: 'here' });
    const timers = vi.spyOn(globalThis, 'setInterval');
    await exchange.start(handlers);
    const renewal = timers.mock.calls.find(([, everyMs]) => everyMs === nodeLimits.presenceRenewalMs);
    timers.mockRestore();
    renew = renewal![0] as () => void;
    await exchange.arrived(connection);
  });
  afterAll(async () => {
    await exchange.close();
    await redis.stop();
  });

  const key = redisKeys.places(device.accountId);
  const ttlMs = () => link.run((client) => client.pTTL(key));
  const place = () => link.run((client) => client.hGet(key, '1'));

  it('expires, and is said again before it does', async () => {
    const { presenceTtlMs, presenceRenewalMs } = nodeLimits;
    expect(presenceRenewalMs).toBeLessThan(presenceTtlMs / 2);
    const almostGone = 5_000;
    await link.run((client) => client.pExpire(key, almostGone));
    renew();
    await waitFor('a renewal', async () => (await ttlMs()) > almostGone);
    expect(await ttlMs()).toBeLessThanOrEqual(presenceTtlMs);
    await link.run((client) => client.del(key));
    renew();
    await waitFor('the place', async () => (await place()) === `here ${connection.id} 1000`);
  });

  it('is left to a newer connection elsewhere, and taken from an older one', async () => {
    const elsewhere = (since: number) =>
      link.run((client) => client.hSet(key, '1', `elsewhere ${randomUUID()} ${since}`));
    await elsewhere(999);
    renew();
    await waitFor('the place', async () => (await place()) === `here ${connection.id} 1000`);
    expect(replaced).toEqual([]);
    await elsewhere(1_001);
    renew();
    await waitFor('the older connection to go', () => replaced.length > 0);
    expect(replaced).toEqual([connection]);
    expect(await place()).toMatch(/^elsewhere /);
  });
});
