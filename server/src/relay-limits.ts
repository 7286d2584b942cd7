/**
 * The bounds of the relay's HTTP duties, each with its reason. Rates are in `limits/limit-table.ts`,
 * the mailbox's own in `mailbox/limits.ts`, what both ends of the wire share in `wireLimits`.
 */
const minuteMs = 60 * 1000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** See the file's header. */
export const relayLimits = {
  // tokens
  /** A token that was copied is of use for minutes, also when nobody notices and ends the login. */
  accessTokenTtlMs: 10 * minuteMs,
  /** A device that was away longer logs in with the password again. */
  refreshTtlMs: 60 * dayMs,
  /** Logins of one device that are open at once: a reinstall or a restored copy, not more. The oldest goes. */
  maxFamiliesPerDevice: 4,
  /** Between fetching a nonce and using it lies one request. */
  nonceTtlMs: 5 * minuteMs,
  /** 32 bytes each; at the limits of addresses nobody honest comes near. The oldest go. */
  maxNonces: 100_000,
  /** Nonces issued between two looks at the bound above. */
  noncesPerSweep: 256,
  /** From a resolve to the first send lie seconds; a person who hesitates resolves again. */
  introductionTtlMs: 10 * minuteMs,
  /** As long as the mailbox keeps envelopes: whoever writes once a month needs no new introduction. */
  deliveryTtlMs: 30 * dayMs,
  /** A delivery token is handed back as it is until then; daily is often enough to keep its time from running out. */
  deliveryRenewalMs: dayMs,
  /** Reach tokens that were checked and need not be again; about 300 bytes each. The oldest go. */
  maxCheckedReachTokens: 10_000,

  // devices
  /** How long the id of a device that is gone is not used again: as long as anything sent to it may wait. */
  deviceIdRestDays: 30,

  /** A device that refreshed its tokens within this time is in use, and is asked before the account is reset. */
  resetUnusedMs: 7 * dayMs,
  /** How long its user has to object. */
  resetObjectionMs: dayMs,
  /** A reset that nobody completes within this time after it might be is over. */
  resetValidMs: 7 * dayMs,

  // work
  /** Argon2id and scrypt calls that wait: at some 80 ms each on 4 threads about two seconds. */
  maxWaitingHashes: 96,
  /** What those who come too many are told to wait. */
  hashRetryAfterMs: 2_000,

  // keys
  /** Signatures verified between two turns of the event loop: about 10 ms. */
  signaturesPerTurn: 4,
  /** Below this stock the owner is told to upload more: a fifth of the usual 100. */
  lowKeyStock: 20,
  /** How long the id of a key that was handed out is remembered: longer than any message that names it waits. */
  handedOutKeyTtlDays: 31,

  // http
  /** A request that trickles in slower than this is cut off: a full key upload over 100 kbit/s takes about 50 s. */
  requestTimeoutMs: 60_000,
  /**
   * TCP connections of one process: more than the gateway's and those that it tells why they cannot stay, so that
   * only a flood of silent ones meets this bound, which hangs up without a word.
   */
  maxSockets: 25_000,
  /** Header bytes of one request; an access token is below 1 KiB. */
  maxHeaderBytes: 16 * 1024,
  /** Requests under way when the relay stops have this long to end. */
  drainTimeoutMs: 10_000,
  /** What callers are told to wait while the relay drains or its database is away. */
  unavailableRetryAfterMs: 1_000,
  /** How long the readiness check waits for the database. */
  readinessTimeoutMs: 2_000,
  /** Files of a web application that are kept in memory to be served: ten times what ours takes. */
  maxWebAppBytes: 16 * 1024 * 1024,
  /** A browser may keep the answer to a preflight this long. */
  preflightMaxAgeSeconds: 600,

  // overload
  /** How often the event loop's lag is looked at. */
  lagLookMs: 500,
  /** A loop that turns this late answers nothing in time: new connections and sends are turned away. */
  shedAboveLagMs: 250,
  /** So many looks in a row: a hiccup is no overload. */
  shedAfterLooks: 4,
  /** They are admitted again below this. */
  admitBelowLagMs: 100,
  /** What those who are turned away are told to wait. */
  overloadRetryAfterMs: 2_000,

  // upkeep
  /** How often what has expired is removed. */
  sweepIntervalMs: 10 * minuteMs,
} as const;

/** Whole days since the Unix epoch. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}
