/**
 * Every key and channel the relay uses in Redis. What belongs together shares a hash tag, so that it lies on
 * one shard of a cluster; nothing touches two tags at once. Knows no command.
 */
import type { AccountId, DeviceAddress } from '@sotto/sdk/wire';

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

const mailboxTag = `${prefix}:{mailbox}`;
const attemptsPrefix = `${mailboxTag}:attempts:`;
const headsPrefix = `${mailboxTag}:heads:`;

/**
 * What the mailbox keeps, when it is in Redis. It shares one hash tag, because a send is one step over the
 * mailboxes of all devices and the attempts of its sender.
 */
export const mailboxKeys = {
  /** A hash: the server's life that places are given in. */
  life: `${mailboxTag}:life`,
  /** A stream: what waits for a device. */
  box: ({ accountId, deviceId }: DeviceAddress) => `${mailboxTag}:box:${accountId}.${deviceId}`,
  /** A hash: device id → the last place that was given to it. */
  heads: (accountId: AccountId) => `${headsPrefix}${accountId}`,
  /** A hash: attempt id → what was accepted under it, and when. */
  attempts: ({ accountId, deviceId }: DeviceAddress) => `${attemptsPrefix}${accountId}.${deviceId}`,
  /** How the keys of attempts begin. */
  attemptsPrefix,
  /** A sorted set: boxes by when the oldest of what they hold was accepted, or earlier. */
  oldest: `${mailboxTag}:oldest`,
  /** A sorted set: attempts by when they were accepted. */
  attemptTimes: `${mailboxTag}:attempt-times`,
  /** Every hash of heads. */
  allHeads: `${headsPrefix}*`,
} as const;

/** Whose heads a key holds. @param key - of those that `allHeads` matches */
export function accountOfHeads(key: string): AccountId {
  return key.slice(headsPrefix.length) as AccountId;
}
