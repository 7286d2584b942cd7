/** The mailbox in PostgreSQL or PGlite. Statements are in `mailbox-rows.ts`, rules in `mailbox/`. */
import { randomUUID } from 'node:crypto';
import type { AcknowledgeRequest, DeviceAddress, SendRequest } from '@sotto/sdk/wire';
import {
  acceptedAtOf,
  deviceKey,
  highestProgress,
  pendingSend,
  planAccepts,
  type LockedDevice,
  type PendingSend,
} from '../../mailbox/accept-plan.js';
import { mailboxLimits, type MailboxLimits } from '../../mailbox/limits.js';
import type { AcceptOutcome, Mailbox, SweepReport } from '../../mailbox/mailbox.js';
import { acceptBatch, acknowledgeBatch, type Acknowledgement } from '../../mailbox/mailbox-batches.js';
import type { BatchAnswer, MicroBatch } from '../../mailbox/micro-batch.js';
import { noMeter, type Meter } from '../../metrics/meter.js';
import type { Database, Queryable } from '../../ports.js';
import * as rows from './mailbox-rows.js';

/** Options of {@link openPostgresMailbox}. */
export interface PostgresMailboxOptions {
  readonly database: Database;
  /** Overrides of {@link mailboxLimits}. */
  readonly limits?: Partial<MailboxLimits>;
  /** Told how many calls each transaction carries. */
  readonly meter?: Pick<Meter, 'batch'>;
  /** A new random UUID. Default: the platform's. */
  readonly newRandomId?: () => string;
}

/**
 * The mailbox over a migrated database. It owns nothing: closing the database is the caller's.
 * Several processes may serve one database.
 */
export function openPostgresMailbox(options: PostgresMailboxOptions): Mailbox {
  return new PostgresMailbox(options);
}

class PostgresMailbox implements Mailbox {
  readonly #database: Database;
  readonly #limits: MailboxLimits;
  readonly #newRandomId: () => string;
  readonly #accepts: MicroBatch<PendingSend, AcceptOutcome>;
  readonly #acknowledgements: MicroBatch<Acknowledgement, void>;

  constructor({ database, limits, meter = noMeter, newRandomId = randomUUID }: PostgresMailboxOptions) {
    this.#database = database;
    this.#limits = { ...mailboxLimits, ...limits };
    this.#newRandomId = newRandomId;
    this.#accepts = acceptBatch(this.#limits, meter, (sends) => this.#acceptBatch(sends));
    this.#acknowledgements = acknowledgeBatch(this.#limits, meter, (acks) => this.#acknowledgeBatch(acks));
  }

  accept(sender: DeviceAddress, request: SendRequest, now: number): Promise<AcceptOutcome> {
    try {
      // Nothing is awaited before this line: the order of the calls is the order of the batch.
      return this.#accepts.submit(pendingSend(sender, request, now));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async acceptedBefore(sender: DeviceAddress, request: SendRequest): Promise<number | undefined> {
    const asked = [{ sender, attemptId: request.attemptId }];
    const [attempt] = (await rows.findSends(this.#database, asked)).attempts;
    return acceptedAtOf(attempt, request);
  }

  page: Mailbox['page'] = (device, afterSeq, limit, now) =>
    rows.selectPage(this.#database, device, { afterSeq, acceptedFromMs: this.#expiredBefore(now) }, limit);

  acknowledge(device: DeviceAddress, request: AcknowledgeRequest): Promise<void> {
    return this.#acknowledgements.submit({ device, request });
  }

  heads: Mailbox['heads'] = (accounts) => rows.selectHeads(this.#database, accounts);

  /** Envelopes belong to the device's row: they went with it. */
  async handOver(): Promise<void> {}

  depth(device: DeviceAddress): Promise<number> {
    return rows.countEnvelopes(this.#database, device);
  }

  async sweep(now: number): Promise<SweepReport> {
    const envelopes = await this.#sweepTable('envelopes', this.#expiredBefore(now));
    const attempts = await this.#sweepTable('attempts', now - this.#limits.attemptTtlMs);
    const finished = envelopes.finished && attempts.finished;
    return { envelopes: envelopes.deleted, attempts: attempts.deleted, finished };
  }

  /** Envelopes accepted before this have expired. */
  #expiredBefore(now: number): number {
    return now - this.#limits.envelopeTtlMs;
  }

  #acceptBatch(sends: readonly PendingSend[]): Promise<readonly BatchAnswer<AcceptOutcome>[]> {
    return this.#database.transaction(async (transaction) => {
      // Locks first: an attempt that another node is accepting now is visible once the lock is ours. Both
      // statements go out at once, and the second begins when the first has its locks.
      const [locked, { attempts, strangers }] = await Promise.all([
        rows.lockDevices(transaction, [...new Set(sends.map((send) => send.request.recipient))]),
        rows.findSends(
          transaction,
          sends.map(({ sender, request: { attemptId } }) => ({ sender, attemptId })),
        ),
      ]);
      const devices = await this.#withExactDepths(transaction, locked, sends.length);
      const plan = planAccepts(sends, {
        devices,
        attempts,
        strangers: new Set(strangers.map(deviceKey)),
        maxEnvelopesPerMailbox: this.#limits.maxEnvelopesPerMailbox,
        newRandomId: this.#newRandomId,
      });
      if (plan.envelopes.length > 0) rows.writeAccepted(transaction, plan);
      else if (plan.progress.length > 0) rows.keepSent(transaction, plan.progress);
      return plan.answers;
    });
  }

  /** Counting costs time in proportion to the depth, so it is done only where the quota may be near. */
  async #withExactDepths(
    transaction: Queryable,
    devices: readonly LockedDevice[],
    sends: number,
  ): Promise<LockedDevice[]> {
    const exact: LockedDevice[] = [];
    for (const device of devices) {
      const near = device.depth + sends > this.#limits.maxEnvelopesPerMailbox;
      exact.push(near ? { ...device, depth: await rows.recountEnvelopes(transaction, device) } : device);
    }
    return exact;
  }

  async #acknowledgeBatch(
    acknowledgements: readonly Acknowledgement[],
  ): Promise<readonly BatchAnswer<void>[]> {
    const doomed = acknowledgements.flatMap(({ device, request }) =>
      request.ids.map((id) => ({ device, id })),
    );
    const progress = highestProgress(
      acknowledgements.map(({ device, request }) => ({ device, storeSeq: request.storeSeq })),
    );
    await rows.deleteEnvelopes(this.#database, doomed, progress);
    return acknowledgements.map(() => ({ result: undefined }));
  }

  async #sweepTable(table: 'envelopes' | 'attempts', acceptedBeforeMs: number) {
    const { sweepBatchRows, maxSweepBatches } = this.#limits;
    let deleted = 0;
    for (let batch = 0; batch < maxSweepBatches; batch += 1) {
      const count = await rows.deleteExpired(this.#database, table, acceptedBeforeMs, sweepBatchRows);
      deleted += count;
      if (count < sweepBatchRows) return { deleted, finished: true };
    }
    return { deleted, finished: false };
  }
}
