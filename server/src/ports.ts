/**
 * What the relay's duties need of one another. Each duty is a folder; only `relay.ts` knows them
 * all. Knows no SQL, no HTTP and no socket.
 */
import type {
  AccountId,
  DeviceAddress,
  LimitClass,
  ProblemCode,
  ProblemDocument,
  Username,
} from '@sotto/sdk/wire';

/** A refusal on its way to the caller. Anything else that is thrown is an `internal-error`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly extra: Pick<ProblemDocument, 'retryAfterMs' | 'fields'> = {},
    options?: ErrorOptions,
  ) {
    // Where it was made says nothing to anybody, and a trace would be most of what a refusal costs: those are what a
    // relay does when it is busy.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A row of a result: columns by name. `int8` is a number, `bytea` a `Uint8Array`, whatever the driver. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * A statement that is planned once per connection and kept. Its plan outlives the tables' first days, so its
 * SQL must leave the planner no other way than an index by full key, whatever the tables hold.
 */
export interface PreparedStatement {
  /** Its own in all of the program; kebab-case. */
  readonly name: string;
  readonly sql: string;
}

/** SQL with `$1` parameters; a text is planned anew each time. */
export type Statement = string | PreparedStatement;

/** Runs statements. A `Uint8Array` goes out in binary: as `bytea`, or as whatever it is spelled for. */
export interface Queryable {
  query<Result extends Row = Row>(
    statement: Statement,
    parameters?: readonly unknown[],
  ): Promise<readonly Result[]>;
}

/** A transaction under way. Statements that are asked for together go out together. */
export interface Transaction extends Queryable {
  /**
   * A statement whose rows nobody needs. It is sent with the commit, which saves a round trip; when it
   * fails, so does the transaction.
   */
  atCommit(statement: Statement, parameters?: readonly unknown[]): void;
}

/** The relay's database: PGlite or PostgreSQL, the same SQL. */
export interface Database extends Queryable {
  /** Commits when `work` resolves and rolls back when it rejects. Not nested. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** Who a valid access token speaks for. */
export interface AccessClaims extends DeviceAddress {
  /** The refresh-token family the token was made from. */
  readonly familyId: string;
  readonly expiresAtMs: number;
}

/** Access tokens, as those who only check them see them. */
export interface AccessTokenVerifier {
  /** @throws ProblemError `unauthorized` */
  verify(accessToken: string): Promise<AccessClaims>;
}

/** Introduction and delivery tokens: without one a UUID alone reaches nobody. Bound to asker and target. */
export interface ReachTokens {
  /** For minutes, from a resolve. */
  issueIntroduction(asker: AccountId, target: AccountId): Promise<string>;
  /** For 30 days, from an accepted send. */
  issueDelivery(asker: AccountId, target: AccountId): Promise<string>;
  /** A delivery token for a sender who showed this one: the same again while it is young. */
  renewDelivery(reachToken: string, asker: AccountId, target: AccountId): string;
  /** Accepts either kind. @throws ProblemError `introduction-required` */
  verify(reachToken: string, asker: AccountId, target: AccountId): void;
}

/** Who a limit counts against; each row of the limit table says which of these it uses. */
export interface LimitSubject {
  readonly accountId?: AccountId;
  readonly targetId?: AccountId;
  /** The name that is asked about, whether or not it exists. */
  readonly username?: Username;
  /** The peer's network address. */
  readonly address: string;
}

/** The limit table at work. */
export interface RateLimits {
  /**
   * Answers at once where the counts are in this process: every message passes here. Otherwise a promise rejects
   * with what is thrown there.
   * @throws ProblemError `rate-limited` with `retryAfterMs`, or `unavailable`
   */
  consume(limit: LimitClass | 'connect', subject: LimitSubject): Promise<void> | void;
}

/** Live connections, as the duties behind HTTP see them. */
export interface ConnectedDevices {
  /** Tells the device's connection to go away and ends it. No connection is fine. */
  signOut(device: DeviceAddress): void;
  /** Tells the device that its one-time keys run low. No connection is fine. */
  keysLow(device: DeviceAddress): void;
}

/** The relay's clock, in milliseconds since the Unix epoch. */
export type Now = () => number;

/** The relay's randomness: cryptographically secure bytes. */
export type RandomBytes = (length: number) => Uint8Array;
