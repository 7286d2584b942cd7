/** The bounds of the link to Redis, each with its reason. */

/** See the file's header. */
export const redisLimits = {
  /** A Redis that does not answer by then counts as away: callers must not wait for hints and counters. */
  commandTimeoutMs: 1_000,
  connectTimeoutMs: 2_000,
  /** Commands that wait for an answer; a megabyte or so. */
  maxCommandsWaiting: 20_000,
} as const;
