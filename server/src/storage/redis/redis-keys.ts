/**
 * Every key and channel the relay uses in Redis. What belongs together shares a hash tag, so that it lies on
 * one shard of a cluster; nothing touches two tags at once. Knows no command.
 */
import type { AccountId } from '@sotto/sdk/wire';

const prefix = 'sotto';

/** See the file's header. */
export const redisKeys = {
  /** A hash: device id → node, connection and time. Expires. */
  places: (accountId: AccountId) => `${prefix}:places:{${accountId}}`,
  /** A hash: the points left in a bucket, and when they were counted. Expires when the bucket is full again. */
  bucket: (digest: string) => `${prefix}:bucket:{${digest}}`,
  /** A sharded channel: what one node is told. */
  node: (nodeId: string) => `${prefix}:node:{${nodeId}}`,
} as const;
