/**
 * How a messenger ends: first nothing new begins and what is under way finishes, then listeners get
 * their time, then the storage is let go. Knows no feature's meaning.
 */
import type { Host } from './host.js';
import { limits } from './limits.js';
import type { LiveConnection } from './live-connection.js';
import type { DeferredKeeper, Inbox, QuarantineKeeper, Receipts, Sender } from './messages/index.js';
import type { Transport } from './ports/transport.js';
import type { JournalEvent } from './journal-event.js';
import type { HandlerContext, Journal, Writer } from './unit/index.js';

interface Ending {
  /** Nothing but listeners runs any more. */
  readonly quiet: Promise<void>;
  /** The storage is let go. */
  readonly over: Promise<void>;
}

/** See the header. */
export class Shutdown {
  readonly #parts;
  #ending: Ending | undefined;

  constructor(parts: {
    live: LiveConnection;
    transport: Transport;
    receipts: Receipts;
    quarantine: QuarantineKeeper;
    deferred: DeferredKeeper;
    sender: Sender;
    inbox: Inbox;
    journal: Journal<JournalEvent>;
    writer: Writer;
    host: Host;
    /** Where the listeners of journalled events run. */
    listening: HandlerContext;
  }) {
    this.#parts = parts;
  }

  /** Ends everything. A listener's call resolves when all but listeners is done: the rest waits for it. */
  close(): Promise<void> {
    const { journal, listening } = this.#parts;
    const ending = (this.#ending ??= this.#begin());
    if (!listening.isInside) return ending.over;
    journal.stop();
    return ending.quiet;
  }

  /** Nothing new begins, and what is under way ends, listeners excepted. */
  async quieten(): Promise<void> {
    const { live, transport, receipts, quarantine, deferred, sender, inbox } = this.#parts;
    await live.close();
    await transport.close();
    receipts.stop();
    quarantine.stop();
    deferred.stop();
    await Promise.all([sender.settled(), inbox.settled()]);
  }

  #begin(): Ending {
    const quiet = this.quieten();
    const over = quiet.then(() => this.#finish());
    over.catch(() => {
      // Whoever asked hears it; the next call tries again.
      this.#ending = undefined;
    });
    return { quiet, over };
  }

  async #finish(): Promise<void> {
    const { journal, writer } = this.#parts;
    await this.#patiently(journal.settled());
    journal.stop();
    await writer.close();
  }

  /** Waits, but not for ever. */
  #patiently(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.host.clock.schedule(limits.closeTimeoutMs, resolve);
      void work.finally(() => {
        cancel();
        resolve();
      });
    });
  }
}
