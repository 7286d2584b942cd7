/**
 * What became of every envelope on one device, read from its commits as they are written: a message, its
 * handler's writes, its journal entry and the ratchet's step must be one commit; an envelope without an effect
 * must have a reason. Survives processes; a restored storage takes up the ledger of its time.
 */
import { limits } from '../../limits.js';
import type { Message } from '../../messages/index.js';
import type { StorageChange } from '../../ports/storage.js';
import type { AccountId, EnvelopeId } from '../../wire/index.js';
import { differences } from './reasons.js';
import { sortCommit, type ContactFields, type SortedCommit } from './sorted-commit.js';
import { concernOf, nameOf } from './stored.js';
import type { Concern, Trace } from './trace.js';
import type { WireWatch } from './wire-watch.js';

/** How much was asked for again of an account, and sent to it again. */
interface Repeats {
  readonly requests: number;
  readonly resends: number;
}

/** A reason, told of an envelope. */
export interface Telling {
  readonly envelope: EnvelopeId;
  readonly reason: string;
}

/** Where a ledger stands, to go on from later. */
export interface LedgerState {
  readonly outcomes: ReadonlyMap<EnvelopeId, string>;
  readonly rows: ReadonlyMap<string, Message>;
  readonly next: ReadonlyMap<AccountId, number>;
  readonly relations: ReadonlyMap<AccountId, ContactFields>;
  readonly told: ReadonlyMap<string, number>;
  readonly journalHead: number;
  readonly heardTo: number;
  readonly heard: ReadonlyMap<number, string>;
}

/** Application records under which a simulation's handler counts the effects of messages. */
export const countPrefix = 'count/';

/** See the header. */
export class Ledger {
  readonly #name: string;
  readonly #trace: Trace;
  readonly #wire: WireWatch;
  #outcomes = new Map<EnvelopeId, string>();
  readonly #reasons: Map<string, number>;
  /** Messages whose effects were committed, by sender and id. */
  readonly #effects = new Set<string>();
  #rows = new Map<string, Message>();
  /** The first row of each conversation that was not checked yet. */
  #next = new Map<AccountId, number>();
  #relations = new Map<AccountId, ContactFields>();
  /** How often each reason was told, since the storage was made. */
  #told = new Map<string, number>();
  /** Of them, those since the last check. */
  #tellings: Telling[] = [];
  /** The most that was asked for again, and sent again, since the last check. */
  readonly #repeats = new Map<AccountId, Repeats>();
  #journalHead = 0;
  /** It goes on from where another one stood. */
  #isResumed = false;
  /** Observers have heard everything up to here, and what is in `#heard` above. */
  #heardTo = 0;
  #heard = new Map<number, string>();

  /** @param reasons - counts how many envelopes ended in each reason, on all devices */
  constructor(name: string, trace: Trace, wire: WireWatch, reasons: Map<string, number>) {
    this.#name = name;
    this.#trace = trace;
    this.#wire = wire;
    this.#reasons = reasons;
  }

  /** The rows of a conversation that were not checked yet. */
  unchecked(conversation: AccountId): Message[] {
    const rows: Message[] = [];
    for (let seq = this.#next.get(conversation) ?? 1; ; seq += 1) {
      const row = this.#rows.get(`message/${conversation}/${seq}`);
      if (!row) return rows;
      rows.push(row);
    }
  }

  /** How the user stands to an account, as it was last written; a contact that was removed is still told. */
  relation(account: AccountId): string | undefined {
    return this.#relations.get(account)?.relation;
  }

  /** The most that counted as asked for again of an account, and as sent to it again, since the last check. */
  repeats(account: AccountId): Repeats {
    return this.#repeats.get(account) ?? { requests: 0, resends: 0 };
  }

  /** Whether a message has had its effect. */
  hasEffect(sender: AccountId, id: string): boolean {
    return this.#effects.has(`${sender} ${id}`);
  }

  /** How often each reason was told, since the storage was made. */
  get told(): ReadonlyMap<string, number> {
    return this.#told;
  }

  /** The reasons that were told since the last check, each with its envelope. */
  get tellings(): readonly Telling[] {
    return this.#tellings;
  }

  /** What had an effect, or had none to have, before an envelope was done with. */
  readBefore(envelope: EnvelopeId): ReadonlySet<EnvelopeId> {
    const read = new Set<EnvelopeId>();
    for (const [id, outcome] of this.#outcomes) {
      if (id === envelope) break;
      if (outcome === 'effect' || outcome === 'nothing' || outcome === 'again') read.add(id);
    }
    return read;
  }

  /** What has become of an envelope, if anything has. */
  outcome(envelope: EnvelopeId): string | undefined {
    return this.#outcomes.get(envelope);
  }

  /** Where it stands now. */
  state(): LedgerState {
    return {
      outcomes: new Map(this.#outcomes),
      rows: new Map(this.#rows),
      next: new Map(this.#next),
      relations: new Map(this.#relations),
      told: new Map(this.#told),
      journalHead: this.#journalHead,
      heardTo: this.#heardTo,
      heard: new Map(this.#heard),
    };
  }

  /** Goes on from where another one stood. Once, before anything is written. */
  resume(state: LedgerState): void {
    this.#isResumed = true;
    this.#outcomes = new Map(state.outcomes);
    this.#rows = new Map(state.rows);
    this.#next = new Map(state.next);
    this.#relations = new Map(state.relations);
    this.#told = new Map(state.told);
    this.#journalHead = state.journalHead;
    this.#heardTo = state.heardTo;
    this.#heard = new Map(state.heard);
    for (const row of this.#rows.values()) this.#effects.add(`${row.sender} ${row.id}`);
  }

  /** What is here by now was checked when it was new. */
  skipChecked(): void {
    for (const { conversationId, seq } of this.#rows.values()) {
      this.#next.set(conversationId, Math.max(this.#next.get(conversationId) ?? 1, seq + 1));
    }
  }

  /**
   * Everything that is here by now was checked.
   * @param now - what the device's clock shows
   */
  checked(now: number): void {
    this.skipChecked();
    this.#outcomes.clear();
    this.#tellings = [];
    this.#repeats.clear();
    for (const [account, contact] of this.#relations) this.#noteRepeats(account, contact, now);
  }

  /** @param now - leaves out what is older than an hour then, or newer */
  #noteRepeats(account: AccountId, { renewals = [], resends = [] }: ContactFields, now?: number): void {
    const counts = ({ at }: { readonly at: number }) =>
      now === undefined || (at <= now && now - at < limits.sessionRenewalIntervalMs);
    const before = this.repeats(account);
    this.#repeats.set(account, {
      requests: Math.max(before.requests, ...renewals.filter(counts).map((one) => one.requests ?? 0)),
      resends: Math.max(before.resends, resends.filter(counts).length),
    });
  }

  /** Observers have heard an entry of the journal. At least once, and always the same under one number. */
  heard(seq: number, what: string): void {
    if (seq <= this.#heardTo) return;
    const before = this.#heard.get(seq) ?? what;
    if (before !== what) {
      const concern = { who: [this.#name] };
      this.#trace.accuse(`journal ${seq} of ${this.#name} was ${before} and is ${what}`, concern);
    }
    this.#heard.set(seq, what);
  }

  /** Everything in the journal was heard. @returns what was not */
  unheard(): number[] {
    const missing: number[] = [];
    for (let seq = this.#heardTo + 1; seq <= this.#journalHead; seq += 1) {
      if (!this.#heard.has(seq)) missing.push(seq);
    }
    if (missing.length === 0) {
      this.#heardTo = this.#journalHead;
      this.#heard.clear();
    }
    return missing;
  }

  /** A commit was written. */
  written(changes: readonly StorageChange[]): void {
    const sorted = sortCommit(changes, (key) => this.#rows.has(key));
    this.#takeUp(sorted);
    if (sorted.received.length > 0) this.#checkEffect(sorted);
    const reason = this.#reasonIn(sorted);
    this.#checkCounters(sorted);
    for (const id of [...sorted.seen, ...sorted.released]) this.#settle(id, sorted, reason);
    for (const { sender, id } of sorted.received) this.#effects.add(`${sender} ${id}`);
  }

  /** What a device's storage holds from now on. */
  #takeUp({ rows, contacts, journalHead }: SortedCommit): void {
    for (const [key, row] of rows) this.#rows.set(key, row);
    for (const [account, contact] of contacts) {
      this.#relations.set(account, contact);
      this.#noteRepeats(account, contact);
    }
    this.#journalHead = Math.max(this.#journalHead, journalHead);
  }

  /** Why an envelope had no effect: told once, in the commit that ends that very envelope, or lets it wait again. */
  #reasonIn({ journal, seen, released, quarantined }: SortedCommit): string | undefined {
    const told = journal.filter(({ type }) => type === 'undecryptable').map(({ reason }) => reason);
    const [reason] = told.filter((one) => one !== 'quarantine-expired');
    const isOfOne = told.length === 1 && new Set([...seen, ...released, ...quarantined]).size === 1;
    if (reason !== undefined && !isOfOne) {
      this.#trace.accuse(`${this.#name} told ${reason} of no one envelope`, { who: [this.#name] });
    }
    return reason ?? told[0];
  }

  /** A reason is counted in the commit that tells it, and nothing else is. */
  #checkCounters({ journal, counters }: SortedCommit): void {
    const told = journal.filter(({ type }) => type === 'undecryptable');
    for (const { reason = '' } of told) this.#told.set(reason, (this.#told.get(reason) ?? 0) + 1);
    if (told.length === 0 && !counters) return;
    const wrong = counters ? differences(this.#told, counters) : ['nothing is counted'];
    if (wrong.length === 0) return;
    this.#trace.accuse(`${this.#name} told and counted: ${wrong.join(', ')}`, { who: [this.#name] });
  }

  /** One message at a time takes effect, with everything that belongs to it. */
  #checkEffect({ seen, released, received, journal, counted, sessionMoved }: SortedCommit): void {
    const [message] = received as [Message];
    const { sender, id, conversationId, seq } = message;
    const lacks = [
      received.length > 1 && 'its own commit',
      seen.length + released.length !== 1 && 'its envelope',
      !sessionMoved && 'its ratchet step',
      !journal.some((entry) => entry.type === 'message' && entry.messageSeq === seq) && 'its journal entry',
      !counted.has(id) && !journal.some(({ type }) => type === 'handler-failed') && "its handler's write",
      (counted.get(id) ?? 1) !== 1 && 'a count of one',
    ].filter((lack) => lack !== false);
    const what = `${conversationId} ${seq} (${id}) at ${this.#name}`;
    const concern = this.#concernOf(seen[0] ?? released[0]);
    if (lacks.length > 0) this.#trace.accuse(`${what} took effect without ${lacks.join(', ')}`, concern);
    if (this.#effects.has(`${sender} ${id}`)) this.#trace.accuse(`${what} took effect twice`, concern);
  }

  #settle(id: EnvelopeId, sorted: SortedCommit, reason: string | undefined): void {
    const { quarantined, released, received } = sorted;
    const before = this.#outcomes.get(id);
    const follows = received.length > 0 || reason !== undefined;
    // It came again after it was done, or while it waits in quarantine: then nothing may follow from it.
    if (before !== undefined && !this.#mayFollow(id, { before, released, follows })) {
      if (received.length > 0) {
        this.#trace.accuse(`envelope ${id} took effect twice at ${this.#name}`, this.#concernOf(id));
      }
      if (reason !== undefined && !this.#comesAnew(id, before, reason)) {
        const violation = `${this.#name} told ${reason} of ${this.#nameOf(id)}, which had ended in ${before}`;
        this.#trace.accuse(violation, this.#concernOf(id));
      }
      return;
    }
    const outcome = quarantined.includes(id)
      ? 'quarantined'
      : (reason ?? this.#outcomeOf(id, received.length));
    this.#outcomes.set(id, outcome);
    if (reason !== undefined) {
      this.#tellings.push({ envelope: id, reason });
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    }
    const { who } = this.#concernOf(id);
    this.#trace.note(`${this.#name} is done with ${this.#nameOf(id)}: ${outcome}`, ...who);
  }

  /**
   * It comes out of quarantine; or was nobody's while its sender was blocked, and a relay made its mark go: what
   * follows then, if anything does, is as if it had never come.
   */
  #mayFollow(
    id: EnvelopeId,
    { before, released, follows }: { before: string; released: readonly EnvelopeId[]; follows: boolean },
  ): boolean {
    if (before === 'quarantined') return released.includes(id);
    return before === 'blocked' && follows && this.#wire.wasDropped(id);
  }

  /**
   * A relay that keeps a page back and says that everything has come lets its mark be forgotten: what could not be
   * read cannot be read again, and where its session went since, with the device that it came from, nothing is
   * left that knows it. Where the storage was brought back, another session of that device may be left to try it with.
   */
  #comesAnew(id: EnvelopeId, before: string, reason: string): boolean {
    const isOfLeftSession = this.#isResumed && reason === 'invalid-message';
    const knowsNothing = reason === 'no-session' || reason === 'pre-key-missing' || isOfLeftSession;
    return this.#wire.wasDropped(id) && (knowsNothing || reason === before);
  }

  /** Only what says nothing, comes from somebody blocked, or has had its effect before may have none. */
  #outcomeOf(id: EnvelopeId, effects: number): string {
    if (effects > 0) return 'effect';
    const sent = this.#wire.find(id);
    const content = sent?.content;
    if (!sent || content?.type !== 'text') return 'nothing';
    if (this.#relations.get(sent.from)?.relation === 'blocked') return 'blocked';
    if (this.#effects.has(`${sent.from} ${content.id}`)) return 'again';
    const violation = `${this.#nameOf(id)} was dropped at ${this.#name} without a reason`;
    this.#trace.accuse(violation, this.#concernOf(id));
    return 'dropped';
  }

  #concernOf(id: EnvelopeId | undefined): Concern {
    const sent = id && this.#wire.find(id);
    if (!sent) return { who: [this.#name] };
    return concernOf([this.#name, this.#trace.nameOf(sent.from)], sent.content);
  }

  #nameOf(id: EnvelopeId): string {
    const content = this.#wire.find(id)?.content;
    return content ? nameOf(content) : id;
  }
}
