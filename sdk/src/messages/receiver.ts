/**
 * One envelope taking effect: decrypt, check, store, handler, journal, in one unit. Where the relay
 * has to be asked first, the unit is thrown away and `LookupNeeded` says what for. Knows no order
 * and no connection.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { AccountService, OwnAccount } from '../account/index.js';
import { equalBytes } from '../bytes.js';
import {
  mayAnswer,
  seenManifest,
  shownKeyOf,
  type ContactBook,
  type ContactEntry,
  type ResolvedAccount,
} from '../contacts/index.js';
import { SottoError, isSottoError } from '../errors.js';
import type { JournalEvent, UndecryptableReason } from '../journal-event.js';
import type { Host } from '../host.js';
import type { DecryptedMessage } from '../ports/engine.js';
import type { SessionService } from '../sessions/index.js';
import type { Journal, Unit, Writer } from '../unit/index.js';
import type { DeviceManifest, Envelope } from '../wire/index.js';
import { decodeContent, readBody, type Content, type MessageId, type ReadBody } from './content.js';
import type { HandlerRunner } from './handler.js';
import type { Message } from './message-record.js';
import { appendMessage, findMessage, isKnownMessage, isRequestFull, updateMessage } from './message-store.js';
import { defer, isDeferredKey, isSetAside, quarantine } from './quarantine.js';
import type { Receipts } from './receipts.js';
import type { Renewals } from './renewals.js';
import type { Resends } from './resends.js';
import { noteUndecryptable } from './undecryptable.js';
import { charged, chargeStrangers, strangersWork, WorkBudget } from './work-budget.js';

/** What a stranger says of itself: a contact code, and the key its session was made with. */
export interface StrangerClaim {
  readonly kind: 'stranger';
  readonly contactCode: string;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
}

/** A contact writes from a device, or under a manifest, that we have not seen. */
export interface NewManifestClaim {
  readonly kind: 'manifest';
  readonly contact: ContactEntry;
}

/** What the relay has to be asked before an envelope can take effect. */
export type LookupClaim = StrangerClaim | NewManifestClaim;

/** What the relay answered, checked. */
export interface Lookup {
  readonly stranger?: ResolvedAccount;
  readonly manifest?: DeviceManifest;
}

/** Thrown through a unit so that nothing of it is kept. */
export class LookupNeeded extends Error {
  override readonly name = 'LookupNeeded';
  constructor(readonly claim: LookupClaim) {
    super('a look-up is needed');
  }
}

/** Thrown through a unit: what waits of the sender in quarantine has to take effect first. */
export class DrainNeeded extends Error {
  override readonly name = 'DrainNeeded';
  constructor() {
    super('a quarantine has to be drained');
  }
}

/** What messages of strangers become: a request, or an accepted contact (for bots). */
export type MessageRequestPolicy = 'ask' | 'accept';

/** See the header. */
export class Receiver {
  readonly #writer: Writer;
  readonly #account: AccountService;
  readonly #contacts: ContactBook;
  readonly #sessions: SessionService;
  readonly #handler: HandlerRunner;
  readonly #receipts: Receipts;
  readonly #renewals: Renewals;
  readonly #resends: Resends;
  readonly #journal: Journal<JournalEvent>;
  readonly #host: Host;
  readonly #requestPolicy: MessageRequestPolicy;
  readonly #onSetAside: () => void;

  /** @param parts - `onSetAside` is called when an envelope that waits is durable */
  constructor(parts: {
    writer: Writer;
    account: AccountService;
    contacts: ContactBook;
    sessions: SessionService;
    handler: HandlerRunner;
    receipts: Receipts;
    renewals: Renewals;
    resends: Resends;
    journal: Journal<JournalEvent>;
    host: Host;
    requestPolicy: MessageRequestPolicy;
    onSetAside: () => void;
  }) {
    this.#writer = parts.writer;
    this.#account = parts.account;
    this.#contacts = parts.contacts;
    this.#sessions = parts.sessions;
    this.#handler = parts.handler;
    this.#receipts = parts.receipts;
    this.#renewals = parts.renewals;
    this.#resends = parts.resends;
    this.#journal = parts.journal;
    this.#host = parts.host;
    this.#requestPolicy = parts.requestPolicy;
    this.#onSetAside = parts.onSetAside;
  }

  /**
   * Lets an envelope take effect, once. Resolves when it may be acknowledged: it took effect, had
   * before, or has ended in a journalled reason.
   * @param quarantineKey - where it lay, if it comes from quarantine
   * @throws LookupNeeded, DrainNeeded, and SottoError where the storage fails
   */
  async receive(envelope: Envelope, lookup: Lookup = {}, quarantineKey?: string): Promise<void> {
    const budget = new WorkBudget();
    try {
      await this.#writer.run(async (unit) => {
        if (quarantineKey) unit.delete(quarantineKey);
        else if (await this.#alreadySeen(unit, envelope)) return;
        await this.#takeEffect(unit, envelope, lookup, budget, quarantineKey !== undefined);
      });
    } catch (error) {
      await this.refuse(envelope, error, quarantineKey, budget.spent);
    }
  }

  /**
   * Commits why an envelope has no effect, so that it need not come again.
   * @param spentSteps - what it has cost
   * @throws the error itself, where it is not the envelope's fault
   */
  async refuse(envelope: Envelope, error: unknown, quarantineKey?: string, spentSteps = 0): Promise<void> {
    const reason = undecryptableReason(error);
    if (!reason) throw error;
    await this.#writer.run(async (unit) => {
      await this.#charge(unit, envelope, spentSteps);
      // It stays where it waits, and its place in the order.
      if (reason === 'decryption-deferred' && isDeferredKey(quarantineKey)) return;
      if (quarantineKey) unit.delete(quarantineKey);
      else if (reason !== 'envelope-id-reused') unit.put(seenKey(envelope.id), sha256(envelope.ciphertext));
      // A relay that had said that everything had come, and not this, made its mark go: it keeps its place.
      if (!quarantineKey && (await isSetAside(unit, envelope))) return;
      const final = await this.#waitIfItMay(unit, envelope, error);
      const ended = undecryptableReason(final) ?? reason;
      await this.#renewals.stageFor(unit, envelope, ended);
      await noteUndecryptable(unit, this.#journal, envelope.sender, ended, limitOf(final));
    });
  }

  async #takeEffect(
    unit: Unit,
    envelope: Envelope,
    lookup: Lookup,
    budget: WorkBudget,
    wasHeld: boolean,
  ): Promise<void> {
    const own = await this.#account.require();
    // Own devices are not linked yet: whatever claims to come from one does not.
    if (envelope.sender.accountId === own.accountId) throw new SottoError('sender-mismatch');
    const known = await this.#contacts.read(unit, envelope.sender.accountId);
    if (known?.relation === 'blocked') return;
    if (known?.draining && !wasHeld) throw new DrainNeeded();
    budget.open(known ? known.refusedWork : await strangersWork(unit), this.#host.clock.now());
    const decrypted = await this.#decrypt(unit, own, envelope, known, budget);
    if (!decrypted) return;
    const content = decodeContent(decrypted.plaintext);
    const body = readBody(content);
    // These say nothing that a stranger could say: nobody is looked up and nothing kept for them.
    if (!known && (body.type === 'receipt' || body.type === 'renewal'))
      throw new SottoError('invalid-content');
    const contact = known
      ? await this.#checkKnown(unit, envelope, known, content, lookup)
      : await this.#checkStranger(unit, envelope, decrypted, content, lookup);
    if (body.type === 'receipt') await this.#applyReceipt(unit, own, contact, body.body.ids);
    else if (body.type !== 'renewal') await this.#store(unit, contact, content, body);
    else if (body.body.lost) await this.#resends.answer(unit, contact, envelope, body.body.lost);
  }

  /** A ciphertext that was decrypted before has had its effect: nothing more to do. */
  async #decrypt(
    unit: Unit,
    own: OwnAccount,
    envelope: Envelope,
    known: ContactEntry | undefined,
    budget: WorkBudget,
  ): Promise<DecryptedMessage | undefined> {
    try {
      return await this.#sessions.decrypt(unit, own, envelope, known?.statement.identityKey, budget);
    } catch (error) {
      if (isSottoError(error, 'duplicate-message')) return undefined;
      throw error;
    }
  }

  async #checkKnown(
    unit: Unit,
    { sender }: Envelope,
    known: ContactEntry,
    content: Content,
    lookup: Lookup,
  ): Promise<ContactEntry> {
    const contact = lookup.manifest ? await this.#contacts.pinManifest(unit, known, lookup.manifest) : known;
    const listed = contact.manifest.devices.some(({ deviceId }) => deviceId === sender.deviceId);
    const pinned = seenManifest(contact);
    const newer = content.manifest.version > pinned.version;
    if ((!listed || newer) && !lookup.manifest) throw new LookupNeeded({ kind: 'manifest', contact: known });
    if (!listed) throw new SottoError('sender-mismatch');
    // The sender's own view and the relay's view of one version differ: somebody is shown another list.
    if (
      newer ||
      (content.manifest.version === pinned.version && !equalBytes(content.manifest.hash, pinned.hash))
    ) {
      throw new SottoError('manifest-rollback');
    }
    const heard = contact.heard ? contact : { ...contact, heard: true };
    if (heard !== contact) this.#contacts.write(unit, heard);
    return heard;
  }

  async #checkStranger(
    unit: Unit,
    { sender }: Envelope,
    decrypted: DecryptedMessage,
    content: Content,
    lookup: Lookup,
  ): Promise<ContactEntry> {
    const { stranger } = lookup;
    if (!stranger) throw new LookupNeeded(claimOf(decrypted.identityKey, content));
    const { statement, manifest } = stranger;
    const listed = manifest.devices.some(({ deviceId }) => deviceId === sender.deviceId);
    if (statement.accountId !== sender.accountId || !listed) throw new SottoError('sender-mismatch');
    if (!equalBytes(statement.identityKey, decrypted.identityKey)) throw new SottoError('sender-mismatch');
    return this.#contacts.introduce(
      unit,
      stranger,
      this.#requestPolicy === 'accept' ? 'accepted' : 'request',
    );
  }

  async #store(
    unit: Unit,
    contact: ContactEntry,
    content: Content,
    body: Exclude<ReadBody, { type: 'receipt' | 'renewal' }>,
  ): Promise<void> {
    const { accountId } = contact.statement;
    // A message sent again under its id has taken effect already; only the ratchet moves.
    if (await isKnownMessage(unit, accountId, accountId, content.id)) {
      if (mayAnswer(contact)) this.#receipts.owe(unit, accountId, content.id);
      return;
    }
    const request = contact.relation === 'request';
    if (request && (await isRequestFull(unit, accountId, contact.addedAt))) {
      throw new SottoError('limit-exceeded', { details: { limit: 'maxMessagesPerRequest' } });
    }
    const receivedAt = this.#host.clock.now();
    const message = await appendMessage(unit, {
      id: content.id,
      conversationId: accountId,
      sender: accountId,
      sentAt: Math.min(content.sentAt, receivedAt),
      receivedAt,
      status: 'received',
      failure: null,
      request,
      body:
        body.type === 'text'
          ? { kind: 'text', text: body.body.text }
          : { kind: 'unsupported', type: body.name, json: body.json },
    });
    if (mayAnswer(contact)) this.#receipts.owe(unit, accountId, content.id);
    await this.#announce(unit, message);
  }

  async #announce(unit: Unit, message: Message): Promise<void> {
    const { conversationId, seq: messageSeq } = message;
    const reason = message.body.kind === 'text' ? await this.#handler.run(unit, message) : undefined;
    await this.#journal.append(unit, { type: 'message', conversationId, messageSeq });
    if (reason)
      await this.#journal.append(unit, { type: 'handler-failed', conversationId, messageSeq, reason });
  }

  /** Only messages of ours to that very account are touched. */
  async #applyReceipt(
    unit: Unit,
    own: OwnAccount,
    contact: ContactEntry,
    ids: readonly MessageId[],
  ): Promise<void> {
    const conversationId = contact.statement.accountId;
    for (const id of ids) {
      const message = await findMessage(unit, conversationId, own.accountId, id);
      if (!message || message.status === 'delivered') continue;
      updateMessage(unit, { ...message, status: 'delivered', failure: null });
      await this.#journal.append(unit, { type: 'message-status', conversationId, messageSeq: message.seq });
    }
  }

  /** Whether an envelope took effect and its acknowledgement was lost. Stages the mark if not. */
  async #alreadySeen(unit: Unit, { id, ciphertext }: Envelope): Promise<boolean> {
    const seen = sha256(ciphertext);
    const mark = await unit.get(seenKey(id));
    if (mark && !equalBytes(mark, seen)) throw new SottoError('envelope-id-reused');
    unit.put(seenKey(id), seen);
    return mark !== undefined;
  }

  /** Sets an envelope aside whose failure may pass. @returns what it ends with: the failure, or what kept it from waiting */
  async #waitIfItMay(unit: Unit, envelope: Envelope, error: unknown): Promise<unknown> {
    const shown = shownKeyOf(error);
    const isDeferred = isSottoError(error, 'decryption-deferred');
    if (!shown && !isDeferred) return error;
    const contact = await this.#contacts.read(unit, envelope.sender.accountId);
    if (contact && shown) await this.#contacts.noteOtherKey(unit, contact, shown);
    const now = this.#host.clock.now();
    try {
      await (isDeferred
        ? defer(unit, envelope, contact !== undefined, now)
        : quarantine(unit, envelope, now));
      unit.afterCommit(this.#onSetAside);
      return error;
    } catch (failure) {
      if (isSottoError(failure, 'limit-exceeded') || isSottoError(failure, 'envelope-id-reused'))
        return failure;
      throw failure;
    }
  }

  /** Stages what a refused envelope of somebody has cost. */
  async #charge(unit: Unit, { sender }: Envelope, steps: number): Promise<void> {
    if (steps === 0) return;
    const contact = await this.#contacts.read(unit, sender.accountId);
    const now = this.#host.clock.now();
    if (!contact) return chargeStrangers(unit, steps, now);
    this.#contacts.write(unit, { ...contact, refusedWork: charged(contact.refusedWork, steps, now) });
  }
}

export const seenPrefix = 'seen/';

/** The mark of an envelope that took effect; it goes when the relay has heard of it. */
export function seenKey(id: Envelope['id']): string {
  return seenPrefix + id;
}

function claimOf(identityKey: Uint8Array, { contactCode }: Content): StrangerClaim {
  if (contactCode === undefined) throw new SottoError('invalid-content');
  return { kind: 'stranger', contactCode, identityKey };
}

const undecryptableReasons: ReadonlySet<string> = new Set<UndecryptableReason>([
  'no-session',
  'invalid-message',
  'decryption-deferred',
  'pre-key-missing',
  'pre-key-replayed',
  'identity-changed',
  'invalid-content',
  'sender-mismatch',
  'statement-mismatch',
  'manifest-rollback',
  'envelope-id-reused',
  'envelope-time-out-of-range',
  'limit-exceeded',
]);

/** The limit that a failure is about, if it is about one. */
function limitOf(error: unknown): string | undefined {
  return isSottoError(error, 'limit-exceeded') ? error.details.limit : undefined;
}

/** The reason a failure stands for, or nothing where it is not the envelope's fault. */
export function undecryptableReason(error: unknown): UndecryptableReason | undefined {
  if (!isSottoError(error) || !undecryptableReasons.has(error.code)) return undefined;
  return error.code as UndecryptableReason;
}
