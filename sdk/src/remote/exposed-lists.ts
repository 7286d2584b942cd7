/**
 * Lists of records read over a port: a bounded number of them, each a bounded way ahead of its reader. Knows no
 * other call.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { Messenger } from '../messenger-api.js';
import { packFailure } from './failures.js';
import type { ServerSays } from './frames.js';
import { recordEntry } from './values.js';

/** How far a list is ahead of its reader. */
class Lead {
  /** Bytes of each pair that is on its way. */
  readonly #sizes: number[] = [];
  #bytes = 0;
  #wake: () => void = () => undefined;
  stopped = false;

  sent(bytes: number): void {
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  taken(count: number): void {
    for (const size of this.#sizes.splice(0, count)) this.#bytes -= size;
    this.#wake();
  }

  stop(): void {
    this.stopped = true;
    this.#wake();
  }

  /** Waits until the reader is close enough. */
  async room(): Promise<void> {
    while (!this.stopped && this.#isFar) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  get #isFar(): boolean {
    return this.#sizes.length >= limits.remoteListWindow || this.#bytes >= limits.remoteListWindowBytes;
  }
}

/** See the header. */
export class ExposedLists {
  readonly #messenger: Messenger;
  readonly #say: (frame: ServerSays) => void;
  readonly #leads = new Map<number, Lead>();

  constructor(messenger: Messenger, say: (frame: ServerSays) => void) {
    this.#messenger = messenger;
    this.#say = say;
  }

  /** Begins to read a list. */
  open(id: number, prefix: string): void {
    if (this.#leads.has(id)) return;
    if (this.#leads.size >= limits.maxRemoteLists) {
      const failure = packFailure(new SottoError('limit-exceeded', { details: { limit: 'maxRemoteLists' } }));
      this.#say({ type: 'failure', id, failure });
      return;
    }
    const lead = new Lead();
    this.#leads.set(id, lead);
    void this.#read(id, prefix, lead);
  }

  /** The reader has taken so many pairs. */
  taken(id: number, count: number): void {
    this.#leads.get(id)?.taken(count);
  }

  /** The reader wants no more. */
  stop(id: number): void {
    this.#leads.get(id)?.stop();
  }

  stopAll(): void {
    for (const lead of this.#leads.values()) lead.stop();
  }

  async #read(id: number, prefix: string, lead: Lead): Promise<void> {
    try {
      for await (const pair of this.#messenger.records.list(prefix)) {
        await lead.room();
        if (lead.stopped) break;
        this.#say({ type: 'pair', id, pair: z.parse(recordEntry, pair) });
        lead.sent(pair.value.length);
      }
      this.#say({ type: 'end', id });
    } catch (error) {
      this.#say({ type: 'failure', id, failure: packFailure(error) });
    } finally {
      this.#leads.delete(id);
    }
  }
}
