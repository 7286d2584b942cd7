/**
 * What becomes of envelopes in quarantine: they take effect in order once the user has accepted the
 * key, are forgotten with their contact, or have waited too long. Knows no connection.
 */
import type { ContactBook } from '../contacts/index.js';
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { JournalEvent } from '../journal-event.js';
import { limits } from '../limits.js';
import type { Journal, Unit, Writer } from '../unit/index.js';
import type { AccountId } from '../wire/index.js';
import type { Intake } from './intake.js';
import { listQuarantine } from './quarantine.js';
import type { Moment } from './moment.js';
import { noteUndecryptable } from './undecryptable.js';

/** See the header. */
export class QuarantineKeeper {
  readonly #writer: Writer;
  readonly #contacts: ContactBook;
  readonly #intake: Intake;
  readonly #journal: Journal<JournalEvent>;
  readonly #host: Host;
  readonly #clocks: () => Moment;
  readonly #drains = new Map<AccountId, Promise<void>>();
  /** Drains that failed: how to call off the next attempt. */
  readonly #retries = new Map<AccountId, () => void>();
  #cancelSweep: (() => void) | undefined;
  #stopped = false;

  constructor(parts: {
    writer: Writer;
    contacts: ContactBook;
    intake: Intake;
    journal: Journal<JournalEvent>;
    host: Host;
    /** This moment by both clocks. */
    clocks: () => Moment;
  }) {
    this.#writer = parts.writer;
    this.#contacts = parts.contacts;
    this.#intake = parts.intake;
    this.#journal = parts.journal;
    this.#host = parts.host;
    this.#clocks = parts.clocks;
  }

  /**
   * Lets what waited for a changed key of an account take effect, in order. Calls at the same time
   * share one round.
   * @throws SottoError where a look-up or the storage fails; what is left waits on
   */
  drain(account: AccountId): Promise<void> {
    const running = this.#drains.get(account);
    if (running) return running;
    const drain = this.#drain(account)
      .catch((error: unknown) => {
        this.#drainAgain(account, error);
        throw error;
      })
      .finally(() => this.#drains.delete(account));
    this.#drains.set(account, drain);
    return drain;
  }

  /** What is left must not wait for the next connection, or for the next message. */
  #drainAgain(account: AccountId, error: unknown): void {
    this.#retries.get(account)?.();
    if (this.#stopped || isSottoError(error, 'fenced') || isSottoError(error, 'messenger-closed')) return;
    const retry = () => {
      this.#retries.delete(account);
      this.drain(account).catch(() => undefined);
    };
    this.#retries.set(account, this.#host.clock.schedule(limits.maxRetryDelayMs, retry));
  }

  /** Forgets what waits of an account. */
  async discard(account: AccountId): Promise<void> {
    await this.#writer.run(async (unit) => {
      for (const { key } of await listQuarantine(unit, account)) unit.delete(key);
    });
  }

  /** Does what a crash has left undone, and ends what has waited too long. */
  async settle(): Promise<void> {
    const waiting = await this.#writer.run((unit) => listQuarantine(unit));
    for (const account of new Set(waiting.map(({ envelope }) => envelope.sender.accountId))) {
      const contact = await this.#contacts.find(account);
      if (!contact) await this.discard(account);
      else if (contact.draining) await this.drain(account);
    }
    await this.#sweep();
  }

  /** Something waits: its time runs from now on. */
  watch(): void {
    if (!this.#cancelSweep) this.#schedule(this.#host.clock.now() + limits.quarantineTtlMs);
  }

  /** Forgets the timers; the next life takes them up. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  async #drain(account: AccountId): Promise<void> {
    await this.#sweep();
    const waiting = await this.#writer.run((unit) => listQuarantine(unit, account));
    for (const { key, envelope } of waiting) await this.#intake.take(envelope, key);
    await this.#writer.run(async (unit) => {
      const contact = await this.#contacts.read(unit, account);
      if (!contact?.draining) return;
      const { draining: _, ...drained } = contact;
      this.#contacts.write(unit, drained);
    });
  }

  async #sweep(): Promise<void> {
    this.#schedule(await this.#writer.run((unit) => this.#expire(unit)));
  }

  #schedule(nextAt: number | undefined): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    if (nextAt === undefined || this.#stopped) return;
    this.#cancelSweep = this.#host.clock.schedule(nextAt - this.#host.clock.now(), () => {
      this.#cancelSweep = undefined;
      void this.#sweepOrDefer();
    });
  }

  /** Where the storage fails: the next connection sweeps again. */
  async #sweepOrDefer(): Promise<void> {
    await this.#sweep().catch((error: unknown) => {
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'quarantine-kept', { code });
    });
  }

  /**
   * A clock that was set forward by years ends nothing that the relay took lately: where the relay has said its time,
   * an envelope is not older than that. One that says so falsely gains nothing: it could bring the envelope again.
   * @returns when the next one will have waited long enough
   */
  async #expire(unit: Unit): Promise<number | undefined> {
    const { now, relayNow } = this.#clocks();
    let nextAt: number | undefined;
    for (const { key, envelope, expiresAt } of await listQuarantine(unit)) {
      const youngForMs = limits.quarantineTtlMs - (relayNow - envelope.acceptedAt);
      if (now < expiresAt || youngForMs > 0) {
        const endsAt = now < expiresAt ? expiresAt : now + youngForMs;
        nextAt = Math.min(nextAt ?? endsAt, endsAt);
        continue;
      }
      unit.delete(key);
      await noteUndecryptable(unit, this.#journal, envelope.sender, 'quarantine-expired');
    }
    return nextAt;
  }
}
