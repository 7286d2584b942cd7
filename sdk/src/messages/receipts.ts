/**
 * Delivery receipts: a mark per message in the commit that received it, gathered for a moment of drawn length,
 * sent in batches, and not at any pace a contact likes. Only to accepted contacts at their pinned key.
 */
import { mayAnswer, type ContactBook, type ContactEntry } from '../contacts/index.js';
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { Unit, Writer } from '../unit/index.js';
import { accountId as accountIdSchema, type AccountId } from '../wire/index.js';
import { backoffMs } from './backoff.js';
import type { Composer } from './composer.js';
import { messageId, type MessageId } from './content.js';
import { ReceiptPace } from './receipt-pace.js';
import { requestMessages } from './message-store.js';

const prefix = 'receipt/';
const present = new Uint8Array();

/** See the header. */
export class Receipts {
  readonly #writer: Writer;
  readonly #contacts: ContactBook;
  readonly #composer: Composer;
  readonly #host: Host;
  readonly #pace: ReceiptPace;
  readonly #scheduled = new Map<AccountId, () => void>();
  #failures = 0;
  #stopped = false;

  constructor(parts: { writer: Writer; contacts: ContactBook; composer: Composer; host: Host }) {
    this.#writer = parts.writer;
    this.#contacts = parts.contacts;
    this.#composer = parts.composer;
    this.#host = parts.host;
    this.#pace = new ReceiptPace(parts.host);
  }

  /** Takes up what an earlier life owed. */
  async load(): Promise<void> {
    for await (const { key } of this.#writer.list(prefix)) {
      this.#schedule(accountIdSchema.parse(key.split('/')[1]));
    }
  }

  /** Stages that a message's sender is owed a receipt. */
  owe(unit: Unit, account: AccountId, id: MessageId): void {
    unit.put(`${prefix}${account}/${id}`, present);
    unit.afterCommit(() => {
      this.#schedule(account);
    });
  }

  /** Stages that a stranger who is accepted now is owed receipts for its request. */
  async oweForRequest(unit: Unit, { statement, addedAt }: ContactEntry): Promise<void> {
    const { accountId } = statement;
    for (const { id } of await requestMessages(unit, accountId, addedAt)) this.owe(unit, accountId, id);
  }

  /** Forgets the timers; what is owed stays written down. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#scheduled.values()) cancel();
    this.#scheduled.clear();
  }

  #schedule(account: AccountId, delayMs: number = this.#pace.delayMs(account)): void {
    if (this.#stopped || this.#scheduled.has(account)) return;
    const cancel = this.#host.clock.schedule(delayMs, () => {
      this.#scheduled.delete(account);
      void this.#flushOrDefer(account);
    });
    this.#scheduled.set(account, cancel);
  }

  async #flushOrDefer(account: AccountId): Promise<void> {
    try {
      await this.#flush(account);
      this.#failures = 0;
    } catch (error) {
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'receipts-deferred', { code });
      if (code === 'fenced' || code === 'messenger-closed') return;
      this.#schedule(account, backoffMs(this.#host, this.#failures));
      this.#failures += 1;
    }
  }

  async #flush(account: AccountId): Promise<void> {
    const more = await this.#writer.run(async (unit) => {
      const owed = await unit.list(`${prefix}${account}/`);
      const batch = owed.slice(0, limits.maxIdsPerReceipt);
      for (const { key } of batch) unit.delete(key);
      const contact = await this.#contacts.read(unit, account);
      if (contact && mayAnswer(contact) && batch.length > 0) {
        const ids = batch.map(({ key }) => messageId.parse(key.slice(key.lastIndexOf('/') + 1)));
        await this.#composer.stageReceipt(unit, contact, ids);
        unit.afterCommit(() => {
          this.#pace.sent(account);
        });
      }
      return owed.length > batch.length;
    });
    if (more) this.#schedule(account);
  }
}
