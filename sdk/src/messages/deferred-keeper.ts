/**
 * What becomes of deferred envelopes: each is tried again when there is work to spare for its sender, and ends as
 * expired after seven days. Later envelopes of the sender do not wait for it: a forged one would hold them back.
 * Knows no connection.
 */
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { JournalEvent } from '../journal-event.js';
import { limits } from '../limits.js';
import type { Journal, Writer } from '../unit/index.js';
import type { Intake } from './intake.js';
import { listDeferred, type Quarantined } from './quarantine.js';
import { noteUndecryptable } from './undecryptable.js';

/** See the header. */
export class DeferredKeeper {
  readonly #writer: Writer;
  readonly #intake: Intake;
  readonly #journal: Journal<JournalEvent>;
  readonly #host: Host;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(parts: { writer: Writer; intake: Intake; journal: Journal<JournalEvent>; host: Host }) {
    this.#writer = parts.writer;
    this.#intake = parts.intake;
    this.#journal = parts.journal;
    this.#host = parts.host;
  }

  /** Something waits: it is tried again when its sender has a new hour. */
  watch(): void {
    if (this.#stopped) return;
    this.#cancel ??= this.#host.clock.schedule(limits.refusedStepsWindowMs, () => {
      this.#cancel = undefined;
      void this.#settleOrLater();
    });
  }

  /**
   * Tries what waits, of each sender until its work is used up again.
   * @throws SottoError where a look-up or the storage fails; what is left waits on
   */
  async settle(): Promise<void> {
    const used = new Set<string>();
    for (const waiting of await this.#writer.run(listDeferred)) {
      const sender = waiting.key.slice(0, waiting.key.lastIndexOf('/'));
      if (this.#stopped || used.has(sender)) continue;
      await this.#take(waiting);
      const [left] = await this.#writer.get([waiting.key]);
      if (left) used.add(sender);
    }
    if (used.size > 0) this.watch();
  }

  /** Forgets the timer; the next life takes it up. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #settleOrLater(): Promise<void> {
    await this.settle().catch((error: unknown) => {
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'deferred-kept', { code });
      if (code !== 'fenced' && code !== 'messenger-closed') this.watch();
    });
  }

  async #take({ key, envelope, expiresAt }: Quarantined): Promise<void> {
    if (this.#host.clock.now() < expiresAt) return this.#intake.take(envelope, key);
    await this.#writer.run(async (unit) => {
      unit.delete(key);
      await noteUndecryptable(unit, this.#journal, envelope.sender, 'quarantine-expired');
    });
  }
}
