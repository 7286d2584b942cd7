/** Opens what the nodes of one relay share beside the database: hints to one another, and counters. Knows no duty. */
import { randomUUID, type KeyObject } from 'node:crypto';
import type { RelayConfig } from '../config.js';
import { createRowLimiter, type RateLimitOptions } from '../limits/rate-limits.js';
import type { RelayLog } from '../logging/relay-log.js';
import type { Database } from '../ports.js';
import { PostgresExchange } from '../storage/postgres/postgres-exchange.js';
import { RedisExchange } from '../storage/redis/redis-exchange.js';
import { redisKeys } from '../storage/redis/redis-keys.js';
import { createRedisLimiter } from '../storage/redis/redis-limiter.js';
import { RedisLink } from '../storage/redis/redis-link.js';
import { noOtherNodes, type NodeExchange } from './node-exchange.js';

/** What nodes share. */
export interface Nodes {
  readonly exchange: NodeExchange;
  readonly createLimiter: NonNullable<RateLimitOptions['createLimiter']>;
}

/** What opening needs. */
export interface NodesParts {
  readonly config: RelayConfig;
  readonly database: Database;
  /** Hides the subjects of limits from Redis. */
  readonly limitKey: KeyObject;
  readonly log: RelayLog;
}

function overRedis(url: string, { limitKey, log }: NodesParts): Nodes {
  const nodeId = randomUUID();
  const link = new RedisLink({ url, channel: redisKeys.node(nodeId), log });
  return {
    exchange: new RedisExchange({ link, nodeId }),
    createLimiter: (row, size) => {
      const name = `${row.limit} ${row.per}`;
      const fallback = row.onFailure === 'open' ? createRowLimiter(row, size) : undefined;
      return createRedisLimiter({ link, size, name, key: limitKey, fallback });
    },
  };
}

/** Opens what the configuration names; nothing is reached before the exchange is started. */
export function openNodes(parts: NodesParts): Nodes {
  const { config, database, log } = parts;
  const { redisUrl, databaseUrl } = config;
  if (redisUrl !== undefined) return overRedis(redisUrl, parts);
  if (databaseUrl === undefined) return { exchange: noOtherNodes(), createLimiter: createRowLimiter };
  const exchange = new PostgresExchange({ url: databaseUrl, database, nodeId: randomUUID(), log });
  return { exchange, createLimiter: createRowLimiter };
}
