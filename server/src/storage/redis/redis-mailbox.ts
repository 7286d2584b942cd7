/**
 * The mailbox in Redis: a stream per device. Accounts, devices and their progress stay in the database; its lock
 * on the recipients' devices makes sends to one account come one after another, and holds off a change of its
 * devices. Rules are in `mailbox/`, steps in `mailbox-scripts.ts`.
 */
import { randomUUID } from 'node:crypto';
import type { AccountId, AcknowledgeRequest, DeviceAddress, SendRequest } from '@sotto/sdk/wire';
import {
  acceptedAtOf,
  deviceKey,
  highestProgress,
  pendingSend,
  planAccepts,
} from '../../mailbox/accept-plan.js';
import type { PendingSend } from '../../mailbox/accept-plan.js';
import { mailboxLimits, type MailboxLimits } from '../../mailbox/limits.js';
import type { AcceptOutcome, Mailbox, MailboxPage, PageLimit, SweepReport } from '../../mailbox/mailbox.js';
import { acceptBatch, acknowledgeBatch, type Acknowledgement } from '../../mailbox/mailbox-batches.js';
import type { BatchAnswer, MicroBatch } from '../../mailbox/micro-batch.js';
import { noMeter, type Meter } from '../../metrics/meter.js';
import { ProblemError, type Database } from '../../ports.js';
import * as rows from '../postgres/mailbox-rows.js';
import * as boxes from './mailbox-boxes.js';
import type { MailboxServer } from './mailbox-server.js';

/** By then a Redis that has just restarted has been asked for its new life. */
const afterRestartMs = 100;

/** Options of {@link openRedisMailbox}. */
export interface RedisMailboxOptions {
  /** Migrated. */
  readonly database: Database;
  readonly server: MailboxServer;
  /** Overrides of {@link mailboxLimits}. */
  readonly limits?: Partial<MailboxLimits>;
  readonly meter?: Pick<Meter, 'batch'>;
  /** A new random UUID. Default: the platform's. */
  readonly newRandomId?: () => string;
}

/** It owns nothing: closing the database and the server is the caller's. Several processes may serve one mailbox. */
export function openRedisMailbox(options: RedisMailboxOptions): RedisMailbox {
  return new RedisMailbox(options);
}

/** See the file's header. */
export class RedisMailbox implements Mailbox {
  readonly #database: Database;
  readonly #server: MailboxServer;
  readonly #limits: MailboxLimits;
  readonly #newRandomId: () => string;
  readonly #accepts: MicroBatch<PendingSend, AcceptOutcome>;
  readonly #acknowledgements: MicroBatch<Acknowledgement, void>;
  /** Where the look for devices that are gone goes on. */
  #gone = '0';

  constructor({ database, server, limits, meter = noMeter, newRandomId = randomUUID }: RedisMailboxOptions) {
    this.#database = database;
    this.#server = server;
    this.#limits = { ...mailboxLimits, ...limits };
    this.#newRandomId = newRandomId;
    this.#accepts = acceptBatch(this.#limits, meter, (sends) => this.#acceptBatch(sends));
    this.#acknowledgements = acknowledgeBatch(this.#limits, meter, (acks) => this.#acknowledgeBatch(acks));
  }

  async accept(sender: DeviceAddress, request: SendRequest, now: number): Promise<AcceptOutcome> {
    // No await before this line: the order of the calls is the order of the batch.
    return this.#accepts.submit(pendingSend(sender, request, now));
  }

  async acceptedBefore(sender: DeviceAddress, request: SendRequest): Promise<number | undefined> {
    const [attempt] = await boxes.findAttempts(this.#server, [{ sender, attemptId: request.attemptId }]);
    return acceptedAtOf(attempt, request);
  }

  page(device: DeviceAddress, afterSeq: number, limit: PageLimit, now: number): Promise<MailboxPage> {
    const acceptedFromMs = now - this.#limits.envelopeTtlMs;
    return boxes.readPage(this.#server, device, { afterSeq, acceptedFromMs }, limit);
  }

  acknowledge(device: DeviceAddress, request: AcknowledgeRequest): Promise<void> {
    return this.#acknowledgements.submit({ device, request });
  }

  async heads(accounts: readonly AccountId[]) {
    const devices = (await rows.selectHeads(this.#database, accounts)).map(({ device }) => device);
    const states = await boxes.findBoxes(this.#server, devices);
    return states.map(({ device, head }) => ({ device, seq: head }));
  }

  handOver(from: DeviceAddress, to: DeviceAddress): Promise<void> {
    return boxes.handOver(this.#server, from, to);
  }

  depth(device: DeviceAddress): Promise<number> {
    return boxes.countEntries(this.#server, device);
  }

  async sweep(now: number): Promise<SweepReport> {
    const { envelopeTtlMs, attemptTtlMs, maxSweepBatches, sweepBatchRows } = this.#limits;
    const sweepOf = async (sweep: boxes.SweepStep, beforeMs: number) => {
      let deleted = 0;
      for (let batch = 0; batch < maxSweepBatches; batch += 1) {
        const step = await sweep(this.#server, beforeMs, sweepBatchRows);
        deleted += step.deleted;
        if (step.finished) return { deleted, finished: true };
      }
      return { deleted, finished: false };
    };
    const envelopes = await sweepOf(boxes.sweepBoxes, now - envelopeTtlMs);
    const attempts = await sweepOf(boxes.sweepAttempts, now - attemptTtlMs);
    await this.forgetGone();
    const finished = envelopes.finished && attempts.finished;
    return { envelopes: envelopes.deleted, attempts: attempts.deleted, finished };
  }

  /** Deletes what is kept of devices that the database no longer has; goes on where it stopped at its bound. */
  async forgetGone(): Promise<void> {
    for (let batch = 0; batch < this.#limits.maxSweepBatches; batch += 1) {
      const { devices, next } = await boxes.scanDevices(
        this.#server,
        this.#gone,
        this.#limits.sweepBatchRows,
      );
      const accounts = [...new Set(devices.map(({ accountId }) => accountId))];
      const heads = accounts.length === 0 ? [] : await rows.selectHeads(this.#database, accounts);
      const known = new Set(heads.map(({ device }) => deviceKey(device)));
      const gone = devices.filter((device) => !known.has(deviceKey(device)));
      for (const device of gone) await boxes.forget(this.#server, device);
      this.#gone = next;
      if (next === '0') return;
    }
  }

  #acceptBatch(sends: readonly PendingSend[]): Promise<readonly BatchAnswer<AcceptOutcome>[]> {
    return this.#database.transaction(async (transaction) => {
      const life = await this.#server.life();
      const asked = sends.map(({ sender, request: { attemptId } }) => ({ sender, attemptId }));
      const [locked, { strangers }] = await Promise.all([
        rows.lockDevices(transaction, [...new Set(sends.map((send) => send.request.recipient))]),
        rows.findSends(transaction, asked),
      ]);
      const [states, attempts] = await Promise.all([
        boxes.findBoxes(this.#server, locked),
        boxes.findAttempts(this.#server, asked),
      ]);
      // It may have restarted while the lock was waited for; what it says now is then of another life.
      if ((await this.#server.life()).number !== life.number)
        throw new ProblemError('unavailable', { retryAfterMs: afterRestartMs });
      const plan = planAccepts(sends, {
        devices: locked.map((device, index) => {
          const { head, depth } = states[index] as boxes.BoxState;
          return { ...device, lastSeq: Math.max(head, life.base), depth };
        }),
        attempts,
        strangers: new Set(strangers.map(deviceKey)),
        maxEnvelopesPerMailbox: this.#limits.maxEnvelopesPerMailbox,
        newRandomId: this.#newRandomId,
      });
      if (plan.envelopes.length > 0) await boxes.place(this.#server, life, plan, states);
      if (plan.progress.length > 0) rows.keepSent(transaction, plan.progress);
      return plan.answers;
    });
  }

  async #acknowledgeBatch(
    acknowledgements: readonly Acknowledgement[],
  ): Promise<readonly BatchAnswer<void>[]> {
    const progress = highestProgress(
      acknowledgements.map(({ device, request }) => ({ device, storeSeq: request.storeSeq })),
    );
    await Promise.all(
      acknowledgements.map(({ device, request }) => boxes.deleteEntries(this.#server, device, request.ids)),
    );
    await rows.keepAcknowledged(this.#database, progress);
    return acknowledgements.map(() => ({ result: undefined }));
  }
}
