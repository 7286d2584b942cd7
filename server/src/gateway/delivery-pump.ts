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
  /** Something may be in the mailbox after the cursor. */
  #dirty = false;
  #running = false;
  #caughtUp = false;
  #stopped = false;

  constructor(ports: DeliveryPorts, limits: DeliveryLimits) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** There may be something new. Also starts the pump. Returns at once. */
  ring(): void {
    this.#dirty = true;
    if (!this.#running && !this.#stopped) void this.#run();
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
      }
    } catch (error) {
      this.#stopped = true;
      this.#ports.failed(error);
    }
    this.#running = false;
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
    const { maxEnvelopesPerPush } = this.#limits;
    for (const { seq, envelope } of page) {
      this.#cursor = seq;
      this.#inFlight.set(envelope.id, envelope.ciphertext.length);
      this.#bytesInFlight += envelope.ciphertext.length;
    }
    for (let start = 0; start < page.length; start += maxEnvelopesPerPush) {
      this.#ports.deliver(page.slice(start, start + maxEnvelopesPerPush).map(({ envelope }) => envelope));
    }
  }

  #sayCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.#ports.caughtUp();
  }
}
