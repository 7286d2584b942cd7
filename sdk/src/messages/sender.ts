/**
 * Empties the outbox: one lane per recipient, one entry after another in it, so that order is kept
 * whatever has to be repeated. Lanes do not wait for each other. Knows when, not how.
 */
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { TransportConnection } from '../ports/transport.js';
import type { Writer } from '../unit/index.js';
import type { AccountId } from '../wire/index.js';
import { backoffMs } from './backoff.js';
import type { Delivery } from './delivery.js';
import { outboxPrefix, outboxRecord, type OutboxEntry } from './outbox.js';

interface Lane {
  readonly queue: number[];
  failures: number;
  running: Promise<void> | undefined;
  cancelRetry: (() => void) | undefined;
}

/** What a sender is doing, in numbers of recipients. */
export interface SenderState {
  /** Something is on its way to the relay. */
  readonly sending: number;
  /** Something failed, and a timer waits to repeat it. */
  readonly retrying: number;
  /** The most failures in a row. */
  readonly mostFailures: number;
}

/** See the header. */
export class Sender {
  readonly #writer: Writer;
  readonly #delivery: Delivery;
  readonly #host: Host;
  readonly #lanes = new Map<AccountId, Lane>();
  #connection: TransportConnection | undefined;

  constructor(parts: { writer: Writer; delivery: Delivery; host: Host }) {
    this.#writer = parts.writer;
    this.#delivery = parts.delivery;
    this.#host = parts.host;
  }

  /** Takes up what an earlier life left in the outbox. Once, before anything is queued. */
  async load(): Promise<void> {
    const entries: OutboxEntry[] = [];
    for await (const { value } of this.#writer.list(outboxPrefix)) entries.push(outboxRecord.decode(value));
    entries.sort((earlier, later) => earlier.seq - later.seq);
    for (const entry of entries) this.#lane(entry.recipient).queue.push(entry.seq);
  }

  /** An entry became durable. */
  queued(entry: OutboxEntry): void {
    this.#lane(entry.recipient).queue.push(entry.seq);
    this.#kick(entry.recipient);
  }

  /** There is a connection: send. */
  online(connection: TransportConnection): void {
    this.#connection = connection;
    for (const [recipient, lane] of this.#lanes) {
      this.#cancelRetry(lane);
      this.#kick(recipient);
    }
  }

  /** The connection is gone: wait. */
  offline(): void {
    this.#connection = undefined;
    for (const lane of this.#lanes.values()) this.#cancelRetry(lane);
  }

  /** The entry of the outbox whose turn it is, of those for an account: the relay may have it, and we not its answer. */
  headOf(recipient: AccountId): number | undefined {
    return this.#lanes.get(recipient)?.queue[0];
  }

  /** What its lanes are doing. */
  get state(): SenderState {
    const lanes = [...this.#lanes.values()];
    return {
      sending: lanes.filter(({ running }) => running !== undefined).length,
      retrying: lanes.filter(({ cancelRetry }) => cancelRetry !== undefined).length,
      mostFailures: Math.max(0, ...lanes.map(({ failures }) => failures)),
    };
  }

  /** Resolves when nothing is being sent right now. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].flatMap((lane) => lane.running ?? []));
  }

  #lane(recipient: AccountId): Lane {
    const known = this.#lanes.get(recipient);
    if (known) return known;
    const lane: Lane = { queue: [], failures: 0, running: undefined, cancelRetry: undefined };
    this.#lanes.set(recipient, lane);
    return lane;
  }

  #kick(recipient: AccountId): void {
    const lane = this.#lane(recipient);
    if (lane.running || lane.cancelRetry || !this.#connection) return;
    lane.running = this.#run(recipient, lane);
  }

  async #run(recipient: AccountId, lane: Lane): Promise<void> {
    // `running` is set before the first entry is looked at.
    await Promise.resolve();
    try {
      for (let seq = lane.queue[0]; seq !== undefined && this.#connection; seq = lane.queue[0]) {
        await this.#delivery.deliver(this.#connection, seq);
        lane.queue.shift();
        lane.failures = 0;
      }
    } catch (error) {
      this.#waitToRetry(recipient, lane, error);
    } finally {
      lane.running = undefined;
      if (lane.queue.length === 0) this.#lanes.delete(recipient);
    }
  }

  #waitToRetry(recipient: AccountId, lane: Lane, error: unknown): void {
    const code = isSottoError(error) ? error.code : 'unexpected';
    this.#host.logger.log('warn', 'send-deferred', { code, failures: lane.failures });
    // Storage taken over or closed: nothing will ever be sent from here again.
    if (code === 'fenced' || code === 'messenger-closed') return;
    lane.failures += 1;
    // The next connection tries at once; a timer would only keep a finished process waiting.
    if (!this.#connection) return;
    const asked =
      isSottoError(error, 'rate-limited') || isSottoError(error, 'unavailable')
        ? (error.details.retryAfterMs ?? 0)
        : 0;
    const delayMs = Math.max(asked, backoffMs(this.#host, lane.failures - 1));
    lane.cancelRetry = this.#host.clock.schedule(delayMs, () => {
      lane.cancelRetry = undefined;
      this.#kick(recipient);
    });
  }

  #cancelRetry(lane: Lane): void {
    lane.cancelRetry?.();
    lane.cancelRetry = undefined;
  }
}
