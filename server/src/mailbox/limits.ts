/** The bounds of the mailbox, each with its reason. */
import { wireLimits } from '@sotto/sdk/wire';

const dayMs = 24 * 60 * 60 * 1000;

/** See the file's header. Every one can be overridden where a mailbox is opened. */
export const mailboxLimits = {
  /** Envelopes that wait for one device: one a minute for more than 30 days. */
  maxEnvelopesPerMailbox: 50_000,
  /** Undelivered envelopes are kept for 30 days: what the wire promises. */
  envelopeTtlMs: wireLimits.mailboxTtlMs,
  /** Attempts outlive the envelopes and every client's outbox, so that no late repetition is taken for a new send. */
  attemptTtlMs: wireLimits.mailboxTtlMs + dayMs,
  /** Sends written in one transaction: what a disk takes to confirm is shared by all of them. Larger batches gain little and keep locks longer. */
  maxSendsPerBatch: 512,
  /** Ciphertext written in one transaction; one send of full size always fits. */
  maxBytesPerBatch: 4 * 1024 * 1024,
  /** Sends that wait for a transaction: about a second of work. Beyond it senders hear `unavailable`. */
  maxWaitingSends: 4096,
  /** Their ciphertext: what the queue may hold of the relay's memory. */
  maxWaitingSendBytes: 64 * 1024 * 1024,
  /** Acknowledgement requests taken by one transaction; each names up to 256 envelopes. */
  maxAcknowledgementsPerBatch: 256,
  /** Envelopes they name together; one request may name more. So much is taken without a pause. */
  maxDeletionsPerBatch: 2048,
  /**
   * Between two transactions that take acknowledgements: nobody waits for one. Meanwhile a device names the
   * envelopes that come in its next request, which spares both sides requests and PostgreSQL transactions.
   */
  acknowledgementPauseMs: 25,
  /** Acknowledgement requests that wait for a transaction. */
  maxWaitingAcknowledgements: 4096,
  /** Rows that one statement of a sweep deletes: short enough to hold up nobody. */
  sweepBatchRows: 1000,
  /** Statements of one sweep and table; the next sweep goes on. */
  maxSweepBatches: 1000,
} as const;

/** See {@link mailboxLimits}. */
export type MailboxLimits = { readonly [Name in keyof typeof mailboxLimits]: number };
