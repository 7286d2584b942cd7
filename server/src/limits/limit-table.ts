/**
 * Every rate limit of the relay as one table. A row is a bucket per subject: `burst` at once, then
 * `refill` more every `refillMs`. An operation counts against every row of its class whose subject
 * it has. Knows no counter.
 */
import type { LimitClass } from '@sotto/sdk/wire';

/** Whom a row counts against. `pair` is asker and target together. */
export type LimitKey = 'address' | 'account' | 'target' | 'pair' | 'username' | 'username-and-address';

/** One row. */
export interface LimitRow {
  readonly limit: LimitClass | 'connect';
  readonly per: LimitKey;
  readonly burst: number;
  readonly refill: number;
  readonly refillMs: number;
  /** What happens when the counter itself fails: `open` lets the operation through, `closed` answers `unavailable`. */
  readonly onFailure: 'open' | 'closed';
  readonly reason: string;
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;

/** Rows of one class are asked in order: the narrow ones first, so that a refusal there costs the others nothing. */
export const limitTable: readonly LimitRow[] = [
  {
    limit: 'read',
    per: 'account',
    burst: 120,
    refill: 2,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'Cheap reads; a client needs a few an hour.',
  },
  {
    limit: 'read',
    per: 'address',
    burst: 600,
    refill: 20,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'Many people behind one address.',
  },

  {
    limit: 'register',
    per: 'account',
    burst: 10,
    refill: 1,
    refillMs: minuteMs,
    onFailure: 'closed',
    reason: 'Deleting an account happens once.',
  },
  {
    limit: 'register',
    per: 'address',
    burst: 20,
    refill: 1,
    refillMs: minuteMs,
    onFailure: 'closed',
    reason: 'A registration costs a hash and tells whether a name is taken.',
  },

  {
    limit: 'login',
    per: 'username-and-address',
    burst: 10,
    refill: 1,
    refillMs: minuteMs,
    onFailure: 'closed',
    reason: 'Guessing one password from one place.',
  },
  {
    limit: 'login',
    per: 'address',
    burst: 30,
    refill: 1,
    refillMs: 10 * secondMs,
    onFailure: 'closed',
    reason: 'Guessing many passwords from one place; each attempt costs a hash.',
  },
  {
    limit: 'login',
    per: 'username',
    burst: 100,
    refill: 1,
    refillMs: minuteMs,
    onFailure: 'closed',
    reason: 'Guessing one password from many places; wide, so that a stranger can hardly lock the owner out.',
  },

  {
    limit: 'recover',
    per: 'target',
    burst: 20,
    refill: 1,
    refillMs: minuteMs,
    onFailure: 'closed',
    reason: 'Bringing an account back takes two; wide, so that a stranger can hardly lock the owner out.',
  },
  {
    limit: 'recover',
    per: 'address',
    burst: 30,
    refill: 1,
    refillMs: 10 * secondMs,
    onFailure: 'closed',
    reason: 'Each costs a look-up and a signature, for whoever asks.',
  },

  {
    limit: 'token',
    per: 'account',
    burst: 60,
    refill: 1,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'A few an hour.',
  },
  {
    limit: 'token',
    per: 'address',
    burst: 240,
    refill: 4,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'Nonces and refreshes of many people behind one address.',
  },

  {
    limit: 'resolve',
    per: 'account',
    burst: 20,
    refill: 1,
    refillMs: 10 * secondMs,
    onFailure: 'closed',
    reason: 'Guessing codes; a person adds a few contacts at a time.',
  },
  {
    limit: 'resolve',
    per: 'username-and-address',
    burst: 10,
    refill: 1,
    refillMs: 30 * secondMs,
    onFailure: 'closed',
    reason: 'Guessing the code of one name from one place.',
  },
  {
    limit: 'resolve',
    per: 'address',
    burst: 60,
    refill: 1,
    refillMs: 2 * secondMs,
    onFailure: 'closed',
    reason: 'Guessing codes with many accounts from one place.',
  },
  {
    limit: 'resolve',
    per: 'username',
    burst: 120,
    refill: 1,
    refillMs: 2 * secondMs,
    onFailure: 'closed',
    reason: 'Guessing the code of one name from many places: at most 43,000 tries a day against 2^40.',
  },

  {
    limit: 'key-upload',
    per: 'account',
    burst: 20,
    refill: 1,
    refillMs: 30 * secondMs,
    onFailure: 'closed',
    reason: 'An upload costs hundreds of verifications; stocks are refilled a few times a day.',
  },
  {
    limit: 'key-upload',
    per: 'address',
    burst: 100,
    refill: 1,
    refillMs: 2 * secondMs,
    onFailure: 'closed',
    reason: 'Uploads with many accounts from one place.',
  },

  {
    limit: 'bundle',
    per: 'pair',
    burst: 6,
    refill: 1,
    refillMs: 10 * minuteMs,
    onFailure: 'closed',
    reason: 'Draining one target’s one-time keys; a session is started once.',
  },
  {
    limit: 'bundle',
    per: 'account',
    burst: 60,
    refill: 1,
    refillMs: 10 * secondMs,
    onFailure: 'closed',
    reason: 'Draining many targets.',
  },
  {
    limit: 'bundle',
    per: 'address',
    burst: 240,
    refill: 1,
    refillMs: secondMs,
    onFailure: 'closed',
    reason: 'Draining with many accounts from one place.',
  },
  {
    limit: 'bundle',
    per: 'target',
    burst: 60,
    refill: 1,
    refillMs: 30 * secondMs,
    onFailure: 'closed',
    reason: 'Draining one target with many accounts; beyond it new sessions with the target wait.',
  },

  {
    limit: 'resume',
    per: 'account',
    burst: 20,
    refill: 1,
    refillMs: 3 * secondMs,
    onFailure: 'open',
    reason: 'Once per connection, and once more after a state was put right.',
  },
  {
    limit: 'send',
    per: 'account',
    burst: 60,
    refill: 1,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'A send counts once however many devices it goes to.',
  },
  {
    limit: 'acknowledge',
    per: 'account',
    burst: 600,
    refill: 60,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'Each names up to 256 envelopes.',
  },

  {
    limit: 'connect',
    per: 'account',
    burst: 10,
    refill: 1,
    refillMs: 6 * secondMs,
    onFailure: 'open',
    reason: 'A client that reconnects in a loop.',
  },
  {
    limit: 'connect',
    per: 'address',
    burst: 240,
    refill: 4,
    refillMs: secondMs,
    onFailure: 'open',
    reason: 'Everybody behind one address coming back at once.',
  },
];
