/**
 * Envelopes in the order they came: each takes effect, then is acknowledged. An envelope that needs
 * a look-up, or has to wait for its sender's quarantine, holds back its sender's later ones and nobody
 * else's. Knows order, not cryptography.
 */
import { isSottoError, SottoError } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { TransportConnection } from '../ports/transport.js';
import type { Writer } from '../unit/index.js';
import { wireLimits, type AccountId, type Envelope, type EnvelopeId } from '../wire/index.js';
import { backoffMs } from './backoff.js';
import type { Intake } from './intake.js';
import type { QuarantineKeeper } from './quarantine-keeper.js';
import type { Moment } from './moment.js';
import {
  DrainNeeded,
  LookupNeeded,
  seenKey,
  seenPrefix,
  type LookupClaim,
  type Receiver,
} from './receiver.js';

interface Held {
  readonly envelopes: Envelope[];
  /** What lets the first of them take effect; tried again until it resolves. */
  readonly takeFirst: (first: Envelope) => Promise<void>;
}

/** Somebody waits until all that had come by a moment has been taken. */
interface Watch {
  readonly left: Set<Envelope>;
  readonly taken: Promise<boolean>;
  readonly end: (taken: boolean) => void;
}

/** See the header. */
export class Inbox {
  readonly #writer: Writer;
  readonly #receiver: Receiver;
  readonly #intake: Intake;
  readonly #quarantine: QuarantineKeeper;
  readonly #host: Host;
  #connection: TransportConnection | undefined;
  /** Grows with every connection: whatever was held for an earlier one comes again by itself. */
  #epoch = 0;
  /** What the relay's clock says when the monotonic one says 0. */
  #relayClock = NaN;
  readonly #queue: Envelope[] = [];
  readonly #held = new Map<AccountId, Held>();
  /** Came on this connection and has neither taken effect nor been left to the next one. */
  readonly #untaken = new Set<Envelope>();
  #watch: Watch | undefined;
  readonly #taken: EnvelopeId[] = [];
  /** What came on this connection, so that marks of what the relay has deleted can go. */
  readonly #arrivedIds = new Set<EnvelopeId>();
  /** What is to be tried again on this connection. */
  readonly #retries = new Set<() => void>();
  #failures = 0;
  #lostAcknowledgements = 0;
  #running: Promise<void> | undefined;

  constructor(parts: {
    writer: Writer;
    receiver: Receiver;
    intake: Intake;
    quarantine: QuarantineKeeper;
    host: Host;
  }) {
    this.#writer = parts.writer;
    this.#receiver = parts.receiver;
    this.#intake = parts.intake;
    this.#quarantine = parts.quarantine;
    this.#host = parts.host;
  }

  /** This moment by both clocks. */
  get clocks(): Moment {
    return { now: this.#host.clock.now(), relayNow: this.#relayNow() };
  }

  /** There is a connection. Everything not acknowledged comes again on it. */
  online(connection: TransportConnection, relayTime: number): void {
    this.offline();
    this.#connection = connection;
    this.#relayClock = relayTime - this.#host.clock.monotonicNow();
  }

  /** The connection is gone. */
  offline(): void {
    this.#epoch += 1;
    this.#connection = undefined;
    this.#queue.length = 0;
    this.#held.clear();
    this.#untaken.clear();
    this.#watch?.end(false);
    this.#watch = undefined;
    this.#taken.length = 0;
    this.#arrivedIds.clear();
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
  }

  /** Everything that waited has come: a mark of anything else is of no use any more. */
  async caughtUp(): Promise<void> {
    const epoch = this.#epoch;
    if (this.#arrivedIds.size >= limits.maxTrackedEnvelopeIds) return;
    for await (const { key } of this.#writer.list(seenPrefix)) {
      // The next connection has not said yet what waits: every mark would look stale.
      if (epoch !== this.#epoch) return;
      const id = key.slice(seenPrefix.length) as EnvelopeId;
      if (!this.#arrivedIds.has(id)) this.#writer.deleteLazily(key);
    }
  }

  /** Envelopes arrived. */
  arrived(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      if (this.#arrivedIds.size < limits.maxTrackedEnvelopeIds) this.#arrivedIds.add(envelope.id);
      // A relay that keeps its window never gets here; what is dropped comes again.
      if (this.#untaken.size >= limits.maxQueuedEnvelopes) break;
      this.#untaken.add(envelope);
      this.#queue.push(envelope);
    }
    this.#start();
  }

  /**
   * Resolves when all that has come on this connection by now has been taken, what waits for a look-up
   * included; while somebody waits already, all that had come when that began.
   * @returns whether it has; false when the connection ended first
   */
  everythingTaken(): Promise<boolean> {
    if (this.#untaken.size === 0) return Promise.resolve(this.#connection !== undefined);
    return (this.#watch ??= watchFor(this.#untaken)).taken;
  }

  /** Resolves when the queue is empty and nothing is being processed. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    try {
      for (let envelope = this.#queue.shift(); envelope; envelope = this.#queue.shift()) {
        const epoch = this.#epoch;
        try {
          await this.#process(envelope);
        } catch (error) {
          if (epoch === this.#epoch) this.#queue.unshift(envelope);
          throw error;
        }
        this.#failures = 0;
        if (this.#taken.length >= wireLimits.maxEnvelopesPerPage || this.#queue.length === 0)
          this.#acknowledge();
      }
    } catch (error) {
      this.#waitForStorage(error);
    } finally {
      this.#running = undefined;
    }
  }

  /** The storage failed: the envelope stays first and is tried again. */
  #waitForStorage(error: unknown): void {
    const code = isSottoError(error) ? error.code : 'unexpected';
    this.#host.logger.log('error', 'receive-failed', { code });
    if (code === 'fenced' || code === 'messenger-closed') return;
    this.#retryLater(this.#failures, () => {
      this.#start();
    });
    this.#failures += 1;
  }

  /** Tries something again on this connection; on the next one everything begins anew. */
  #retryLater(failures: number, work: () => void): void {
    if (!this.#connection) return;
    const cancel = this.#host.clock.schedule(backoffMs(this.#host, failures), () => {
      this.#retries.delete(cancel);
      work();
    });
    this.#retries.add(cancel);
  }

  async #process(envelope: Envelope): Promise<void> {
    const epoch = this.#epoch;
    const held = this.#held.get(envelope.sender.accountId);
    if (held) {
      if (held.envelopes.length < limits.maxHeldEnvelopesPerSender) held.envelopes.push(envelope);
      else this.#settled(envelope);
      return;
    }
    try {
      if (!this.#isPlausible(envelope)) {
        await this.#receiver.refuse(envelope, new SottoError('envelope-time-out-of-range'));
      } else {
        await this.#receiver.receive(envelope);
      }
      this.#take(envelope, epoch);
    } catch (error) {
      if (error instanceof LookupNeeded) {
        const { claim } = error;
        this.#hold(envelope, epoch, (first) => this.#takeLookedUp(claim, first));
      } else if (error instanceof DrainNeeded) {
        this.#hold(envelope, epoch, (first) => this.#takeDrained(first));
      } else throw error;
    }
  }

  async #takeLookedUp(claim: LookupClaim, envelope: Envelope): Promise<void> {
    try {
      await this.#intake.takeLookedUp(claim, envelope);
    } catch (error) {
      if (!(error instanceof DrainNeeded)) throw error;
      await this.#takeDrained(envelope);
    }
  }

  /** The user has accepted its sender's key: what waited for that comes first. */
  async #takeDrained(envelope: Envelope): Promise<void> {
    await this.#quarantine.drain(envelope.sender.accountId);
    await this.#intake.take(envelope);
  }

  #take(envelope: Envelope, epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.#taken.push(envelope.id);
    this.#settled(envelope);
  }

  /** There is nothing more to be done about it on this connection. */
  #settled(envelope: Envelope): void {
    this.#untaken.delete(envelope);
    const watch = this.#watch;
    if (!watch?.left.delete(envelope) || watch.left.size > 0) return;
    this.#watch = undefined;
    watch.end(true);
  }

  #hold(envelope: Envelope, epoch: number, takeFirst: Held['takeFirst']): void {
    if (epoch !== this.#epoch) return;
    const held = { takeFirst, envelopes: [envelope] };
    this.#held.set(envelope.sender.accountId, held);
    void this.#release(held, epoch, 0);
  }

  /** Lets the first held envelope take effect, whatever it takes, and queues the others in front. */
  async #release(held: Held, epoch: number, failures: number): Promise<void> {
    const [first, ...rest] = held.envelopes as [Envelope, ...Envelope[]];
    try {
      await held.takeFirst(first);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'held-deferred', { code, failures });
      this.#retryLater(failures, () => void this.#release(held, epoch, failures + 1));
      return;
    }
    if (epoch !== this.#epoch) return;
    // Whatever joined while the first one was being looked at.
    rest.push(...held.envelopes.slice(1 + rest.length));
    this.#held.delete(first.sender.accountId);
    this.#take(first, epoch);
    this.#queue.unshift(...rest);
    if (rest.length === 0 && !this.#running) this.#acknowledge();
    else this.#start();
  }

  #acknowledge(): void {
    const ids = this.#taken.splice(0, wireLimits.maxAcknowledgementsPerRequest);
    const connection = this.#connection;
    const epoch = this.#epoch;
    if (ids.length === 0 || !connection) return;
    connection.acknowledge({ ids, storeSeq: this.#writer.storeSeq }).then(
      () => {
        this.#lostAcknowledgements = 0;
        for (const id of ids) this.#writer.deleteLazily(seenKey(id));
      },
      (error: unknown) => {
        this.#acknowledgeLater(ids, epoch, error);
      },
    );
  }

  /** Without acknowledgements the relay's window stays full. After a cut they come again and are known by their marks. */
  #acknowledgeLater(ids: readonly EnvelopeId[], epoch: number, error: unknown): void {
    const code = isSottoError(error) ? error.code : 'unexpected';
    this.#host.logger.log('warn', 'acknowledgement-deferred', { code, count: ids.length });
    if (epoch !== this.#epoch) return;
    this.#taken.unshift(...ids);
    this.#retryLater(this.#lostAcknowledgements, () => {
      this.#acknowledge();
    });
    this.#lostAcknowledgements += 1;
  }

  /** By the relay's own clock, an envelope was accepted within the life of a mailbox and not in the future. */
  #isPlausible({ acceptedAt }: Envelope): boolean {
    const relayNow = this.#relayNow();
    const youngest = relayNow + limits.relayClockSkewMs;
    const oldest = relayNow - wireLimits.mailboxTtlMs - 2 * limits.relayClockSkewMs;
    return !(acceptedAt > youngest || acceptedAt < oldest);
  }

  /** NaN, which nothing is above or below, before the relay has said its time. */
  #relayNow(): number {
    return this.#relayClock + this.#host.clock.monotonicNow();
  }
}

function watchFor(envelopes: ReadonlySet<Envelope>): Watch {
  let end = (_taken: boolean) => {};
  const taken = new Promise<boolean>((resolve) => (end = resolve));
  return { left: new Set(envelopes), taken, end };
}
