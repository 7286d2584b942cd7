/**
 * What the chat is about at the moment: with whom, under which names, and which own messages have
 * not reached their end yet. Shows messages; decides nothing.
 */
import type { AccountId, Contact, Message, Messenger } from '@sotto/sdk';
import { markOf, messageLine, statusLine } from './format.js';
import type { Terminal } from './terminal.js';

/** A command cannot be carried out as typed. Its message is one plain line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** See the header. */
export class Chat {
  readonly messenger: Messenger;
  readonly terminal: Terminal;
  readonly #ownName: string;
  readonly #names = new Map<AccountId, string>();
  readonly #waiting = new Set<string>();
  #whenNothingWaits: (() => void) | undefined;
  #partner: AccountId | undefined;

  constructor(parts: { messenger: Messenger; terminal: Terminal; ownName: string }) {
    this.messenger = parts.messenger;
    this.terminal = parts.terminal;
    this.#ownName = parts.ownName;
    this.#showPrompt();
  }

  /** Own messages shown here that are not at the relay yet. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Whom text goes to. */
  get partner(): AccountId | undefined {
    return this.#partner;
  }

  /** The name of an account, as far as it is known. */
  async nameOf(account: AccountId): Promise<string> {
    const known = this.#names.get(account);
    if (known !== undefined) return known;
    const contact = await this.messenger.contacts.get(account);
    if (contact) this.#names.set(account, contact.username);
    return contact?.username ?? 'somebody unknown';
  }

  /** The contact of a name as typed. @throws CommandError */
  async contactNamed(typed: string): Promise<Contact> {
    const name = typed.replace(/^@/, '').toLowerCase();
    if (name === '') throw new CommandError('Which name? See /contacts.');
    const contact = (await this.messenger.contacts.list()).find(({ username }) => username === name);
    if (!contact)
      throw new CommandError('There is no contact of that name. See /contacts; /add takes a contact code.');
    return contact;
  }

  /** Turns to somebody: text goes there from now on. */
  async turnTo({ accountId }: Contact): Promise<void> {
    this.#partner = accountId;
    await this.nameOf(accountId);
    this.#showPrompt();
  }

  /** Turns away from everybody. */
  turnAway(): void {
    this.#partner = undefined;
    this.#showPrompt();
  }

  /** Shows a message, an own one with its mark. */
  async show(message: Message): Promise<void> {
    const line = messageLine(message, await this.nameOf(message.conversationId));
    this.terminal.printMarked(keyOf(message), markOf(message), line);
    if (message.status === 'pending') this.#waiting.add(keyOf(message));
  }

  /** An own message got further: its mark changes, or where that cannot be seen a line says so. */
  async showStatus(message: Message): Promise<void> {
    const changed = this.terminal.changeMark(keyOf(message), markOf(message));
    if (!changed || message.status === 'failed') {
      this.terminal.print(statusLine(message, await this.nameOf(message.conversationId)));
    }
    if (message.status !== 'pending') this.#settled(keyOf(message));
  }

  /**
   * Waits until every message shown as waiting has reached the relay, or has failed.
   * @param signal - ends the wait
   */
  async allSent(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size === 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#whenNothingWaits = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #settled(key: string): void {
    this.#waiting.delete(key);
    if (this.#waiting.size === 0) this.#whenNothingWaits?.();
  }

  #showPrompt(): void {
    const partner = this.#partner && this.#names.get(this.#partner);
    this.terminal.setPrompt(partner === undefined ? `${this.#ownName}> ` : `${this.#ownName} → ${partner}> `);
  }
}

function keyOf({ conversationId, seq }: Message): string {
  return `${conversationId}/${seq}`;
}
