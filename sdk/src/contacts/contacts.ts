/**
 * The contact book: who is known, how far they are trusted, and what the user decides. Network
 * look-ups happen outside the unit of work and are checked again inside it. Knows no messages.
 */
import type { AccountService } from '../account/index.js';
import { equalBytes } from '../bytes.js';
import { SottoError, isSottoError } from '../errors.js';
import type { ContactChange, JournalEvent } from '../journal-event.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { Fingerprint, ProtocolEngine } from '../ports/engine.js';
import type { SessionService } from '../sessions/index.js';
import type { Journal, Unit, Writer } from '../unit/index.js';
import { parseContactCode } from '../verification/index.js';
import type { AccountId, DeviceManifest, Username } from '../wire/index.js';
import {
  contactDevices,
  contactEntries,
  contactKey,
  contactNameKey,
  contactNameRecord,
  contactPrefix,
  contactRecord,
  contactView,
  type Contact,
  type ContactEntry,
  type PinStrength,
} from './contact-record.js';
import type { Directory, ResolvedAccount } from './directory.js';
import { SafetyNumbers, type SafetyNumberComparison } from './safety-numbers.js';
import {
  acceptOtherKey,
  assertUnchanged,
  isPinned,
  showOtherKey,
  showPinnedKey,
  strengthOfCode,
  strongest,
} from './trust.js';

/** Somebody whose message request was waiting is accepted. */
type RequestAccepted = (unit: Unit, contact: ContactEntry) => Promise<void>;

/** See the header. */
export class ContactBook {
  readonly #writer: Writer;
  readonly #safetyNumbers: SafetyNumbers;
  readonly #account: AccountService;
  readonly #sessions: SessionService;
  readonly #directory: Directory;
  readonly #journal: Journal<JournalEvent>;
  readonly #host: Host;
  readonly #onRequestAccepted: RequestAccepted;

  /** @param parts - `onRequestAccepted` stages what else follows, in the same unit */
  constructor(parts: {
    writer: Writer;
    engine: ProtocolEngine;
    account: AccountService;
    sessions: SessionService;
    directory: Directory;
    journal: Journal<JournalEvent>;
    host: Host;
    onRequestAccepted: RequestAccepted;
  }) {
    this.#writer = parts.writer;
    this.#safetyNumbers = new SafetyNumbers(parts);
    this.#account = parts.account;
    this.#sessions = parts.sessions;
    this.#directory = parts.directory;
    this.#journal = parts.journal;
    this.#host = parts.host;
    this.#onRequestAccepted = parts.onRequestAccepted;
  }

  /** A stored contact inside a unit. */
  read(unit: Unit, account: AccountId): Promise<ContactEntry | undefined> {
    return unit.read(contactKey(account), contactRecord);
  }

  /** Stages a contact. */
  write(unit: Unit, entry: ContactEntry): void {
    unit.write(contactKey(entry.statement.accountId), contactRecord, entry);
  }

  /** A committed contact. */
  find(account: AccountId): Promise<ContactEntry | undefined> {
    return this.#writer.read(contactKey(account), contactRecord);
  }

  /** A committed contact. @throws SottoError `unknown-contact` */
  async require(account: AccountId): Promise<ContactEntry> {
    const entry = await this.find(account);
    if (!entry) throw new SottoError('unknown-contact');
    return entry;
  }

  /** All contacts, requests and blocked ones included. */
  async list(): Promise<Contact[]> {
    const contacts: Contact[] = [];
    for await (const { value } of this.#writer.list(contactPrefix)) {
      contacts.push(contactView(contactRecord.decode(value)));
    }
    return contacts;
  }

  /** Adds a contact by its code, or raises what is known of one. */
  async add(code: string): Promise<Contact> {
    const { username, digits, strength } = parseContactCode(code);
    const own = await this.#account.require();
    if (username === own.username) throw new SottoError('contact-is-self');
    const resolved = await this.#directory.resolve(username, digits);
    const entry = await this.#writer.run((unit) => this.#pin(unit, resolved, strengthOfCode(strength)));
    assertUnchanged(entry);
    return contactView(entry);
  }

  /**
   * Adds a contact by its whole identity key, or compares it with what is pinned of one: equal is verified,
   * anything else is shown as another key.
   * @throws SottoError as {@link ContactBook.add}
   */
  async addByKey(username: Username, identityKey: Uint8Array): Promise<Contact> {
    const compared = await this.#writer.run((unit) => this.#compare(unit, username, identityKey));
    const entry = compared ?? (await this.#pinByKey(username, identityKey));
    assertUnchanged(entry);
    return contactView(entry);
  }

  /** Holds a key against the pin of a name; nothing where only the relay can tell more. */
  async #compare(unit: Unit, username: Username, identityKey: Uint8Array): Promise<ContactEntry | undefined> {
    const name = await unit.read(contactNameKey(username), contactNameRecord);
    const known = name && (await this.read(unit, name.accountId));
    if (!known) return undefined;
    if (!isPinned(known, identityKey)) {
      await this.noteOtherKey(unit, known, identityKey);
      return showOtherKey(known, identityKey);
    }
    // It is the right one, and the relay has shown another: let it show the right one first.
    return known.changedTo ? undefined : this.#raise(unit, known, 'verified');
  }

  async #pinByKey(username: Username, identityKey: Uint8Array): Promise<ContactEntry> {
    const resolved = await this.#directory.resolveByKey(username, identityKey);
    return this.#writer.run((unit) => this.#pin(unit, resolved, 'verified'));
  }

  /**
   * Stages a stranger who wrote first, as a message request or (where the policy says so) accepted.
   * @throws SottoError `limit-exceeded` while too many requests wait
   */
  async introduce(
    unit: Unit,
    resolved: ResolvedAccount,
    relation: 'request' | 'accepted',
  ): Promise<ContactEntry> {
    if (relation === 'request') await this.#assertRoomForRequest(unit);
    await this.#assertNameFree(unit, resolved);
    const entry = { ...this.#newEntry(resolved, 'unverified'), relation, heard: true };
    this.#store(unit, entry);
    await this.#note(unit, entry.statement.accountId, relation === 'request' ? 'requested' : 'added');
    return entry;
  }

  /** The user accepts a message request, or a contact again. */
  accept(account: AccountId): Promise<Contact> {
    return this.#setRelation(account, 'accepted', 'accepted');
  }

  /** Nothing of this account takes effect any more, and nothing is sent to it. */
  block(account: AccountId): Promise<Contact> {
    return this.#setRelation(account, 'blocked', 'blocked');
  }

  /** Takes a block back. */
  unblock(account: AccountId): Promise<Contact> {
    return this.#setRelation(account, 'accepted', 'unblocked');
  }

  /** Forgets a contact, its pin and its sessions. Messages stay. */
  remove(account: AccountId): Promise<void> {
    return this.#writer.run(async (unit) => {
      const entry = await this.#requireIn(unit, account);
      unit.delete(contactKey(account));
      unit.delete(contactNameKey(entry.statement.username));
      await this.#removeSessions(unit, entry);
      await this.#note(unit, account, 'removed');
    });
  }

  /** Stages that an account has shown another identity key than the pinned one. */
  async noteOtherKey(unit: Unit, entry: ContactEntry, shownIdentityKey: Uint8Array): Promise<void> {
    if (entry.changedTo && equalBytes(entry.changedTo, shownIdentityKey)) return;
    this.write(unit, showOtherKey(entry, shownIdentityKey));
    await this.#note(unit, entry.statement.accountId, 'identity-changed');
  }

  /** Stages a newer manifest of a contact; sessions of devices that are gone go too. */
  async pinManifest(unit: Unit, entry: ContactEntry, manifest: DeviceManifest): Promise<ContactEntry> {
    if (manifest.version <= entry.manifest.version) return entry;
    const kept = new Map(manifest.devices.map((device) => [device.deviceId, device.registrationId]));
    for (const { address, device } of contactDevices(entry)) {
      if (kept.get(device.deviceId) !== device.registrationId) await this.#sessions.remove(unit, address);
    }
    const renewed = { ...entry, manifest };
    this.write(unit, renewed);
    return renewed;
  }

  /**
   * The user accepts the identity key an account has changed to. The relay must show a statement
   * signed by that very key; the pin moves and nothing that was checked before counts any more.
   */
  async acceptIdentity(account: AccountId): Promise<Contact> {
    const before = await this.require(account);
    const { changedTo } = before;
    if (!changedTo) return contactView(before);
    const shown = await this.#directory.resolveByKey(before.statement.username, changedTo);
    if (shown.statement.accountId !== account) throw new SottoError('statement-mismatch');
    return this.#writer.run(async (unit) => {
      const entry = await this.#requireIn(unit, account);
      if (!entry.changedTo || !equalBytes(entry.changedTo, changedTo)) {
        throw new SottoError('identity-changed', { details: { accountId: account } });
      }
      await this.#removeSessions(unit, entry);
      const { statement, manifest, introductionToken } = shown;
      const moved = acceptOtherKey(entry, { statement, manifest });
      this.write(unit, { ...moved, reachToken: introductionToken });
      await this.#note(unit, account, 'identity-accepted');
      return contactView(moved);
    });
  }

  /**
   * The user has the relay asked again after `identity-changed`. If it shows the pinned key, the contact
   * is what it was before; the pin does not move, and nothing counts for more than it did.
   * @throws SottoError `not-found` where nobody is behind the pinned key, `identity-changed` where
   * another key is shown, and as {@link Directory.bundles}
   */
  async recheckIdentity(account: AccountId): Promise<Contact> {
    const before = await this.require(account);
    if (!before.changedTo) return contactView(before);
    const shown = await this.#resolvePinned(before);
    return this.#writer.run(async (unit) => {
      const entry = await this.#requireIn(unit, account);
      // Meanwhile the user has decided, or yet another key was shown.
      const same = entry.changedTo && before.changedTo && equalBytes(entry.changedTo, before.changedTo);
      if (!same || !isPinned(entry, shown.statement.identityKey)) return contactView(entry);
      const renewed = showPinnedKey(await this.pinManifest(unit, entry, shown.manifest));
      this.write(unit, { ...renewed, reachToken: shown.introductionToken });
      await this.#note(unit, account, 'identity-restored');
      return contactView(renewed);
    });
  }

  async #resolvePinned(contact: ContactEntry): Promise<ResolvedAccount> {
    try {
      return await this.#directory.resolvePinned(contact);
    } catch (error) {
      const shown = shownKeyOf(error);
      if (shown) await this.#writer.run((unit) => this.#noteShown(unit, contact, shown));
      throw error;
    }
  }

  async #noteShown(unit: Unit, { statement }: ContactEntry, shown: Uint8Array): Promise<void> {
    const entry = await this.read(unit, statement.accountId);
    if (entry && !isPinned(entry, shown)) await this.noteOtherKey(unit, entry, shown);
  }

  /** The safety number of this account and a contact. */
  async safetyNumber(account: AccountId): Promise<Fingerprint> {
    return this.#safetyNumbers.of((await this.require(account)).statement);
  }

  /**
   * Marks a contact verified after its safety number was compared.
   * @throws SottoError `safety-number-mismatch`, `identity-changed` while a changed key waits
   */
  async verify(account: AccountId, comparison: SafetyNumberComparison): Promise<Contact> {
    const compared = await this.require(account);
    await this.#safetyNumbers.compare(compared.statement, comparison);
    return this.#writer.run(async (unit) => {
      const entry = await this.#requireIn(unit, account);
      if (entry.changedTo || !isPinned(entry, compared.statement.identityKey)) {
        throw new SottoError('identity-changed', { details: { accountId: account } });
      }
      const verified = { ...entry, strength: 'verified' as const };
      this.write(unit, verified);
      await this.#note(unit, account, 'verified');
      return contactView(verified);
    });
  }

  async #pin(unit: Unit, resolved: ResolvedAccount, strength: PinStrength): Promise<ContactEntry> {
    const { statement, manifest, introductionToken } = resolved;
    const known = await this.read(unit, statement.accountId);
    if (!known) {
      await this.#assertNameFree(unit, resolved);
      const entry = this.#newEntry(resolved, strength);
      this.#store(unit, entry);
      await this.#note(unit, statement.accountId, 'added');
      return entry;
    }
    if (!isPinned(known, statement.identityKey)) {
      await this.noteOtherKey(unit, known, statement.identityKey);
      return showOtherKey(known, statement.identityKey);
    }
    const renewed = await this.pinManifest(unit, known, manifest);
    if (known.changedTo) await this.#note(unit, statement.accountId, 'identity-restored');
    return this.#raise(unit, { ...showPinnedKey(renewed), reachToken: introductionToken }, strength);
  }

  /** The user has asked for somebody whose pinned key it is: accepted, and checked as far as that goes. */
  async #raise(unit: Unit, known: ContactEntry, checked: PinStrength): Promise<ContactEntry> {
    const { accountId } = known.statement;
    const strength = strongest(known.strength, checked);
    const raised: ContactEntry = { ...known, relation: 'accepted', strength };
    this.write(unit, raised);
    await this.#note(unit, accountId, 'accepted');
    if (strength === 'verified' && known.strength !== strength) {
      await this.#note(unit, accountId, 'verified');
    }
    if (known.relation === 'request') await this.#onRequestAccepted(unit, raised);
    return raised;
  }

  #newEntry(
    { statement, manifest, introductionToken }: ResolvedAccount,
    strength: PinStrength,
  ): ContactEntry {
    return {
      statement,
      manifest,
      relation: 'accepted',
      strength,
      changedTo: null,
      reachToken: introductionToken,
      heard: false,
      addedAt: this.#host.clock.now(),
    };
  }

  #store(unit: Unit, entry: ContactEntry): void {
    const { accountId, username } = entry.statement;
    this.write(unit, entry);
    unit.write(contactNameKey(username), contactNameRecord, { accountId });
  }

  async #setRelation(
    account: AccountId,
    relation: ContactEntry['relation'],
    change: ContactChange,
  ): Promise<Contact> {
    return this.#writer.run(async (unit) => {
      const before = await this.#requireIn(unit, account);
      const entry = { ...before, relation };
      this.write(unit, entry);
      await this.#note(unit, account, change);
      if (before.relation === 'request' && relation === 'accepted') {
        await this.#onRequestAccepted(unit, entry);
      }
      return contactView(entry);
    });
  }

  async #requireIn(unit: Unit, account: AccountId): Promise<ContactEntry> {
    const entry = await this.read(unit, account);
    if (!entry) throw new SottoError('unknown-contact');
    return entry;
  }

  async #removeSessions(unit: Unit, entry: ContactEntry): Promise<void> {
    for (const { address } of contactDevices(entry)) await this.#sessions.remove(unit, address);
  }

  async #note(unit: Unit, account: AccountId, change: ContactChange): Promise<void> {
    await this.#journal.append(unit, { type: 'contact', accountId: account, change });
  }

  /** A name belongs to one account for ever; a relay that shows another is lying. */
  async #assertNameFree(unit: Unit, { statement }: ResolvedAccount): Promise<void> {
    const holder = await unit.read(contactNameKey(statement.username), contactNameRecord);
    if (holder && holder.accountId !== statement.accountId) throw new SottoError('statement-mismatch');
  }

  async #assertRoomForRequest(unit: Unit): Promise<void> {
    const waiting = (await contactEntries(unit)).filter(({ relation }) => relation === 'request');
    if (waiting.length >= limits.maxMessageRequests) {
      throw new SottoError('limit-exceeded', { details: { limit: 'maxMessageRequests' } });
    }
  }
}

/** Whether a failure is the relay, or somebody behind it, showing another key. */
export function shownKeyOf(error: unknown): Uint8Array | undefined {
  return isSottoError(error, 'identity-changed') ? error.details.shownIdentityKey : undefined;
}
