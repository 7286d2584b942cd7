/** The bounds of a live stream, each with its reason. */
export const streamLimits = {
  /** From the start of an attempt to `ready`; a phone on a bad network needs several seconds for TLS alone. */
  connectTimeoutMs: 20_000,
  /** From a request to its reply; after that nobody waits for it any more and the same request is repeated. */
  requestTimeoutMs: 20_000,
  /** Never at once: a relay that accepts and cuts must not be asked in a loop. */
  minReconnectDelayMs: 100,
  /** What the first delay is drawn below; doubled per failed attempt. */
  firstReconnectDelayMs: 500,
  /** What no delay is drawn above: a minute is soon enough for a relay that is down for long. */
  maxReconnectDelayMs: 60_000,
  /** A connection that lasted this long was a good one: the delays begin again from the first. */
  stableConnectionMs: 10_000,
  /** Requests waiting for a reply at once; the relay's own limits are far below. */
  maxPendingRequests: 1_024,
} as const;
