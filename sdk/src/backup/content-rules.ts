/**
 * What the sections of an archive have to be to each other: their order, whose messages they are, and how many
 * there were. Reader and writer ask it alike. Knows no bytes.
 */
import { SottoError } from '../errors.js';
import type { AccountId } from '../wire/index.js';
import type { ArchiveConversation, ArchiveSection, ArchiveTotals } from './archive-content.js';

/** Contacts, and conversations, whose ids are remembered so that none comes twice: far more than people have. */
const maxRemembered = 100_000;

type Counted = { -readonly [Name in keyof ArchiveTotals]: number };

/** Checks one archive, section by section. */
export class ContentRules {
  readonly #totals: Counted = {
    contacts: 0,
    conversations: 0,
    messages: 0,
    tombstones: 0,
    settings: 0,
    applicationRecords: 0,
    unknown: 0,
  };
  readonly #contacts = new Set<AccountId>();
  readonly #conversations = new Set<AccountId>();
  #expected: 'begin' | 'identity' | 'anything' | 'nothing' = 'begin';
  #messagesAtMost = 0;
  #own: AccountId | undefined;
  #conversation: { readonly head: ArchiveConversation; lastSeq: number } | undefined;

  /** How many sections of each kind there were so far. */
  get totals(): ArchiveTotals {
    return { ...this.#totals };
  }

  /** @throws SottoError `backup-content-invalid` when the section may not follow those before it */
  check(section: ArchiveSection): void {
    if (this.#expected === 'anything') this.#checkContent(section);
    else if (section.type === 'begin' && this.#expected === 'begin') {
      this.#expected = 'identity';
      this.#messagesAtMost = section.begin.messages;
    } else if (section.type === 'identity' && this.#expected === 'identity') {
      this.#expected = 'anything';
      this.#own = section.identity.accountId;
    } else throw invalid();
  }

  /** @throws SottoError `backup-content-invalid` when the last section has not come */
  finish(): void {
    if (this.#expected !== 'nothing') throw invalid();
  }

  #checkContent(section: ArchiveSection): void {
    const totals = this.#totals;
    switch (section.type) {
      case 'contact':
        totals.contacts += 1;
        return remember(this.#contacts, section.contact.statement.accountId);
      case 'conversation':
        totals.conversations += 1;
        this.#conversation = { head: section.conversation, lastSeq: 0 };
        return remember(this.#conversations, section.conversation.conversationId);
      case 'message':
        totals.messages += 1;
        this.#checkPlace(section.message);
        return this.#checkOrder(section.message.seq);
      case 'tombstone':
        totals.tombstones += 1;
        return this.#checkPlace(section.tombstone);
      case 'setting':
        totals.settings += 1;
        return;
      case 'applicationRecord':
        totals.applicationRecords += 1;
        return;
      case 'unknown':
        totals.unknown += 1;
        return;
      case 'end':
        this.#expected = 'nothing';
        return this.#checkTotals(section.totals);
      default:
        throw invalid();
    }
  }

  /** A message follows the conversation it is in, and is of one of the two who are in it. */
  #checkPlace(place: { conversationId: AccountId; seq: number; sender: AccountId }): void {
    const conversation = this.#conversation;
    if (conversation?.head.conversationId !== place.conversationId) throw invalid();
    if (place.seq >= conversation.head.nextSeq) throw invalid();
    if (place.sender !== place.conversationId && place.sender !== this.#own) throw invalid();
  }

  #checkOrder(seq: number): void {
    if (!this.#conversation || seq <= this.#conversation.lastSeq) throw invalid();
    this.#conversation.lastSeq = seq;
  }

  #checkTotals(said: ArchiveTotals): void {
    const names = Object.keys(this.#totals) as (keyof ArchiveTotals)[];
    const isSame = names.every((name) => said[name] === this.#totals[name]);
    if (!isSame || this.#totals.messages > this.#messagesAtMost) throw invalid();
  }
}

function remember(known: Set<AccountId>, id: AccountId): void {
  if (known.has(id) || known.size >= maxRemembered) throw invalid();
  known.add(id);
}

function invalid(): SottoError {
  return new SottoError('backup-content-invalid');
}
