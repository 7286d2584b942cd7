/**
 * The mailbox port: the truth about undelivered envelopes. Knows no SQL and no socket: a store is
 * behind it, the gateway before it. `mailboxSuite` in `test/mailbox` proves a store right.
 */
import type { AccountId, AcknowledgeRequest, DeviceAddress, Envelope, SendRequest } from '@sotto/sdk/wire';

/** An envelope and its place in its mailbox. */
export interface StoredEnvelope {
  /** Grows by one with every envelope of the device, 1 first; gaps mean acknowledged or expired ones. */
  readonly seq: number;
  readonly envelope: Envelope;
}

/** A new envelope in somebody's mailbox. */
export interface Delivery extends StoredEnvelope {
  readonly to: DeviceAddress;
}

/** What became of a send that was not refused. */
export type AcceptOutcome =
  | {
      /** Durable in every mailbox it was meant for. */
      readonly kind: 'accepted';
      /** When, by the relay's clock; of a repeated attempt, when it was accepted first. */
      readonly acceptedAt: number;
      /** True when the attempt had been accepted before and nothing was stored now. */
      readonly repeated: boolean;
      /** What is new in which mailbox. Empty when `repeated`. */
      readonly delivered: readonly Delivery[];
    }
  | {
      /** The bodies do not fit the recipient's devices. Nothing was stored, the attempt id included. */
      readonly kind: 'device-mismatch';
      readonly missing: readonly number[];
      readonly extra: readonly number[];
      readonly stale: readonly number[];
    };

/** How much a page may hold. */
export interface PageLimit {
  /** 1 or more. */
  readonly maxEnvelopes: number;
  /** Of ciphertext. The first envelope is handed out whatever its size. */
  readonly maxBytes: number;
}

/** A look into a mailbox. */
export interface MailboxPage {
  /** Oldest first. */
  readonly envelopes: readonly StoredEnvelope[];
  /** Whether there were others after these. */
  readonly more: boolean;
}

/** How far a mailbox has come. */
export interface MailboxHead {
  readonly device: DeviceAddress;
  /** Of the newest envelope that was ever accepted for the device; 0 before the first. */
  readonly seq: number;
}

/** What a sweep removed. */
export interface SweepReport {
  readonly envelopes: number;
  readonly attempts: number;
  /** False when the sweep stopped at its bound with something left to remove. */
  readonly finished: boolean;
}

/** Mailboxes of all devices. */
export interface Mailbox {
  /**
   * Puts one envelope per body into the recipient's mailboxes: all of them, durably, or none.
   * The same attempt id with the same content is accepted once, however often and whenever it comes
   * within 31 days; the attempt is looked up before the devices are compared. When the recipient is
   * the sender's own account, the sending device is no recipient. Calls of one sender are applied in
   * the order in which they were made. Whatever the answer, but for a repeated attempt,
   * `storeSeq` is kept as the sending device's progress, if it is the highest so far.
   * @param now - milliseconds since the Unix epoch; becomes the envelopes' `acceptedAt`
   * @throws ProblemError `idempotency-conflict` (the attempt id was used for other content),
   * `introduction-required` (no such account, or it was deleted), `mailbox-full`, `unauthorized`
   * (the sending device is gone), `invalid-request` (two bodies for one device), `unavailable` (too
   * many sends are waiting)
   */
  accept(sender: DeviceAddress, request: SendRequest, now: number): Promise<AcceptOutcome>;

  /**
   * When an attempt was accepted, or `undefined` when it is unknown. Lets a repeated send be answered
   * after the token that opened the way has expired.
   * @throws ProblemError `idempotency-conflict`
   */
  acceptedBefore(sender: DeviceAddress, request: SendRequest): Promise<number | undefined>;

  /**
   * The oldest envelopes of a device after a place in its mailbox; empty at the end. What is older than
   * 30 days is not among them, swept or not.
   * @param now - milliseconds since the Unix epoch
   */
  page(device: DeviceAddress, afterSeq: number, limit: PageLimit, now: number): Promise<MailboxPage>;

  /**
   * Deletes envelopes from one device's mailbox. Ids that are unknown or another device's are ignored.
   * `storeSeq` is kept as for {@link Mailbox.accept}. A store that crashes right after may have forgotten both:
   * the envelopes are then delivered again.
   * @throws ProblemError `unavailable` (too many requests are waiting)
   */
  acknowledge(device: DeviceAddress, request: AcknowledgeRequest): Promise<void>;

  /**
   * The last place of every device of some accounts, taken or given back: whoever has delivered up to there
   * has missed nothing. Accounts that do not exist are left out.
   */
  heads(accounts: readonly AccountId[]): Promise<readonly MailboxHead[]>;

  /**
   * Gives what waits for a device to another one of the account, at the same places. Called inside of the database's
   * transaction that puts it in the other's place, when nothing of that can fail any more; again for the same two
   * it does nothing.
   */
  handOver(from: DeviceAddress, to: DeviceAddress): Promise<void>;

  /** How many envelopes wait for a device. */
  depth(device: DeviceAddress): Promise<number>;

  /**
   * Removes envelopes older than 30 days and attempts older than 31, in batches and up to a bound.
   * @param now - milliseconds since the Unix epoch
   */
  sweep(now: number): Promise<SweepReport>;
}
