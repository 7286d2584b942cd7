/**
 * Brings one device's mailbox to its connection: backfill, cutover and live are one loop with a
 * cursor. Being rung is only a hint; what counts is the mailbox. Knows no socket, no store and no
 * clock.
 */
import type { Envelope, EnvelopeId } from '@sotto/sdk/wire';
import type { MailboxPage, PageLimit, StoredEnvelope } from '../mailbox/mailbox.js';

/** What the pump reads from and hands to. */
export interface DeliveryPorts {
  /** The oldest envelopes after a place in the mailbox. */
  page(afterSeq: number, limit: PageLimit): Promise<MailboxPage>;
  /** Takes envelopes, oldest first. Does not throw. */
  deliver(envelopes: readonly Envelope[]): void;
  /** Calls back once, at the end of this turn of the event loop. */
  soon(work: () => void): void;
  /** Everything that waited when the pump started was delivered. Called once. */
  caughtUp(): void;
  /** The mailbox could not be read. The pump has stopped. */
  failed(error: unknown): void;
}

/** The bounds of one pump. */
export interface DeliveryLimits {
  readonly maxEnvelopesInFlight: number;
  readonly maxBytesInFlight: number;
  readonly maxEnvelopesPerRead: number;
  readonly maxEnvelopesPerPush: number;
}

/**
 * The loop of one connection. Envelopes go out in the order of the mailbox, each once, and no more
 * than the limits allow are unacknowledged.
 */
export class DeliveryPump {
  readonly #ports: DeliveryPorts;
  readonly #limits: DeliveryLimits;
  /** Sizes of the envelopes that were delivered and not acknowledged. */
  readonly #inFlight = new Map<EnvelopeId, number>();
  #bytesInFlight = 0;
  #cursor = 0;
  /** New envelopes that came in while the mailbox was being read. */
  #offered: StoredEnvelope[] = [];
  /** Envelopes that go out at the end of this turn: what one commit brought shares a push. */
  #outgoing: Envelope[] = [];
  /** Something may be in the mailbox after the cursor. */
  #dirty = false;
  #running = false;
  #caughtUp = false;
  #stopped = false;

  constructor(ports: DeliveryPorts, limits: DeliveryLimits) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** The place of the last envelope that was delivered, or 0. */
  get cursor(): number {
    return this.#cursor;
  }

  /** There may be something new. Also starts the pump. Returns at once. */
  ring(): void {
    this.#dirty = true;
    if (!this.#running && !this.#stopped) void this.#run();
  }

  /**
   * A new envelope of the device. When it is the next in line it goes out from here; otherwise it is as
   * good as a ring: the mailbox has it too.
   */
  offer(stored: StoredEnvelope): void {
    if (this.#running) this.#keepOffered(stored);
    else if (!this.#deliverNext(stored)) this.ring();
  }

  /** Envelopes have left the mailbox, which makes room. Ids that are not in flight are ignored. */
  acknowledged(ids: readonly EnvelopeId[]): void {
    const wasFull = this.#room() === undefined;
    for (const id of ids) {
      this.#bytesInFlight -= this.#inFlight.get(id) ?? 0;
      this.#inFlight.delete(id);
    }
    if (wasFull && this.#room() !== undefined) this.ring();
  }

  /** Delivers nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#dirty && !this.#stopped) {
        this.#dirty = false;
        await this.#deliverToHead();
        this.#takeOffered();
      }
    } catch (error) {
      this.#stopped = true;
      this.#ports.failed(error);
    }
    this.#running = false;
  }

  #keepOffered(stored: StoredEnvelope): void {
    if (this.#offered.length < this.#limits.maxEnvelopesPerRead) this.#offered.push(stored);
    else this.#dirty = true;
  }

  /** What was read meanwhile is skipped; what is not next in line has to be read. */
  #takeOffered(): void {
    for (const stored of this.#offered) {
      if (stored.seq > this.#cursor && !this.#deliverNext(stored)) this.#dirty = true;
    }
    this.#offered = [];
  }

  /** @returns whether it was the next in line and there was room */
  #deliverNext(stored: StoredEnvelope): boolean {
    if (this.#stopped || stored.seq !== this.#cursor + 1 || this.#room() === undefined) return false;
    this.#take(stored);
    if (this.#outgoing.push(stored.envelope) === 1) this.#ports.soon(() => this.#flush());
    return true;
  }

  async #deliverToHead(): Promise<void> {
    for (let limit = this.#room(); limit !== undefined; limit = this.#room()) {
      const page = await this.#ports.page(this.#cursor, limit);
      if (this.#stopped) return;
      this.#deliver(page.envelopes);
      if (!page.more) return this.#sayCaughtUp();
    }
  }

  /** How much may be delivered now; `undefined` when nothing may. */
  #room(): PageLimit | undefined {
    const { maxEnvelopesInFlight, maxBytesInFlight, maxEnvelopesPerRead } = this.#limits;
    const maxEnvelopes = Math.min(maxEnvelopesInFlight - this.#inFlight.size, maxEnvelopesPerRead);
    const maxBytes = maxBytesInFlight - this.#bytesInFlight;
    return maxEnvelopes > 0 && maxBytes > 0 ? { maxEnvelopes, maxBytes } : undefined;
  }

  #deliver(page: readonly StoredEnvelope[]): void {
    this.#flush();
    for (const stored of page) this.#take(stored);
    this.#push(page.map(({ envelope }) => envelope));
  }

  #take({ seq, envelope }: StoredEnvelope): void {
    this.#cursor = seq;
    this.#inFlight.set(envelope.id, envelope.ciphertext.length);
    this.#bytesInFlight += envelope.ciphertext.length;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (!this.#stopped) this.#push(outgoing);
  }

  #push(envelopes: readonly Envelope[]): void {
    const { maxEnvelopesPerPush } = this.#limits;
    for (let start = 0; start < envelopes.length; start += maxEnvelopesPerPush) {
      this.#ports.deliver(envelopes.slice(start, start + maxEnvelopesPerPush));
    }
  }

  #sayCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#flush();
    this.#caughtUp = true;
    this.#ports.caughtUp();
  }
}
