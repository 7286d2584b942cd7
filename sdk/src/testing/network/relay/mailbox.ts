/** The envelopes that wait for one device, in order, until they are acknowledged or too old. */
import type { Clock } from '../../../ports/host.js';
import { wireLimits, type Envelope, type EnvelopeId } from '../../../wire/index.js';

/** More than a test ever leaves waiting; a device that never comes must not fill the memory. */
const maxMailboxEnvelopes = 10_000;

/** An envelope and its place: places only grow. */
export interface WaitingEnvelope {
  readonly seq: number;
  readonly envelope: Envelope;
}

/** See the header. */
export class Mailbox {
  readonly #clock: Clock;
  readonly #waiting = new Map<EnvelopeId, WaitingEnvelope>();
  #lastSeq = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The place of the envelope that came last, 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get full(): boolean {
    this.#dropExpired();
    return this.#waiting.size >= maxMailboxEnvelopes;
  }

  append(envelope: Envelope): void {
    this.#lastSeq += 1;
    this.#waiting.set(envelope.id, { seq: this.#lastSeq, envelope });
  }

  /** The oldest behind a place. */
  page(afterSeq: number, count: number): WaitingEnvelope[] {
    this.#dropExpired();
    const page: WaitingEnvelope[] = [];
    for (const waiting of this.#waiting.values()) {
      if (page.length >= count) break;
      if (waiting.seq > afterSeq) page.push(waiting);
    }
    return page;
  }

  /** Unknown ids are ignored. */
  remove(ids: readonly EnvelopeId[]): void {
    for (const id of ids) this.#waiting.delete(id);
  }

  all(): Envelope[] {
    this.#dropExpired();
    return [...this.#waiting.values()].map(({ envelope }) => envelope);
  }

  #dropExpired(): void {
    const oldest = this.#clock.now() - wireLimits.mailboxTtlMs;
    for (const { envelope } of this.#waiting.values()) {
      if (envelope.acceptedAt >= oldest) break;
      this.#waiting.delete(envelope.id);
    }
  }
}
