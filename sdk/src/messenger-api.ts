/** What an application can do with a messenger: the public surface, as interfaces. */
import type { OwnProfile, RegistrationInput, ResetState } from './account/index.js';
import type {
  ArchiveSummary,
  ArchiveTotals,
  BackupInput,
  BackupRun,
  BackupSecret,
  BackupSettings,
  RestoreInput,
  RestoreSummary,
} from './backup/index.js';
import type {
  Contact,
  ContactShare,
  ContactShareOptions,
  SafetyNumberComparison,
  TrustPolicy,
} from './contacts/index.js';
import type { MessengerCounters, SupportBundle } from './diagnostics/index.js';
import type { MessengerEventName, MessengerListener } from './events.js';
import type {
  Conversation,
  Message,
  MessageHandler,
  MessagePage,
  MessageRequestPolicy,
  OutgoingText,
  SendOptions,
} from './messages/index.js';
import type { Fingerprint, ProtocolEngine } from './ports/engine.js';
import type { Clock, Logger, Random } from './ports/host.js';
import type { StorageAdapter } from './ports/storage.js';
import type { ConnectionState, Transport } from './ports/transport.js';
import type { AccountId, PreKeyStatus } from './wire/index.js';

export type { MessengerCounters, SupportBundle };

/** What {@link createMessenger} is made from. */
export interface MessengerOptions {
  /** The protocol engine; the library has no default. See its `assurance`. */
  readonly engine: ProtocolEngine;
  /** Holds one account. The messenger acquires it, and closes it in the end. */
  readonly storage: StorageAdapter;
  /** The way to the relay. The messenger closes it in the end. */
  readonly transport: Transport;
  /** Runs inside the commit that receives a message; see {@link MessageHandler}. */
  readonly onMessage?: MessageHandler;
  /**
   * What messages of strangers become: `ask` (default) makes a message request, `accept` a contact
   * that is answered to (for bots).
   */
  readonly messageRequests?: MessageRequestPolicy;
  /** How much trust is asked for before something is sent. Default: none but an unchanged key. */
  readonly trust?: TrustPolicy;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Default: the platform's secure randomness. */
  readonly random?: Random;
  /** Default: drops every line. */
  readonly logger?: Logger;
}

/** A reset that waits for objections. Milliseconds since the Unix epoch, by the relay's clock. */
export interface PendingReset {
  readonly requestedAt: number;
  /** Until when a device may object. */
  readonly completesAt: number;
}

/** The own account. */
export interface MessengerAccount {
  /** What may be shown of it, or nothing before registration. */
  profile(): Promise<OwnProfile | undefined>;
  /**
   * Registers and uploads the first pre-keys. If the answer is lost, call it again with the same
   * name and password: the very same account is registered.
   * @throws SottoError `already-registered`, `invalid-username`, `weak-password`, `username-taken`,
   * `rate-limited`, `offline`
   */
  register(input: RegistrationInput): Promise<OwnProfile>;
  /** Logs in again after the event `login-required`. @throws SottoError `login-refused` */
  login(password: string): Promise<void>;
  /**
   * Begins anew under the same name, when all devices and backups are lost: a new identity, on a device without an
   * account. Contacts see another key and have to accept it; nothing of before comes back. While a device of the
   * account was in use in the last seven days this answers `waiting`: it is told, and its user has 24 hours to
   * object. Call it again then, with the same name and password; also when an answer was lost.
   * @throws SottoError `already-registered`, `login-refused`, `reset-objected`, `weak-password`, `invalid-username`,
   * `rate-limited`, `offline`
   */
  reset(input: RegistrationInput): Promise<ResetState>;
  /**
   * The reset that somebody with the password has asked for, unless a device has objected. Looked for by itself at
   * every connection and twice a day; see the event `reset-pending`. Times are the relay's.
   * @throws SottoError `not-registered`, `offline`
   */
  pendingReset(): Promise<PendingReset | undefined>;
  /** Stops the reset that is pending. Whoever asked for it knows the password. @throws SottoError `not-registered`, `offline` */
  objectToReset(): Promise<void>;
  /**
   * Ends this device: its tokens at the relay (if it can be reached), then everything in the
   * storage, then the messenger. There is no way back without a backup.
   * @param options - `deleteAccount` also deletes the account at the relay, and then fails, with
   * nothing wiped, if the relay cannot be reached. The name is never given to anyone again.
   */
  signOut(options?: { readonly deleteAccount?: boolean }): Promise<void>;
}

/** Other accounts. */
export interface MessengerContacts {
  /**
   * Adds a contact by its code (`@name#XXXX-XXXX-XXXX`; case, spaces, dashes and look-alikes are
   * forgiven). 12 characters or more make it `code-checked`; 8 are weak and leave it `unverified`
   * (`parseContactCode` in `@sotto/sdk/verification` says how strong a code is before it is used).
   * @throws SottoError `invalid-contact-code`, `not-found`, `contact-is-self`, `identity-changed`,
   * `statement-mismatch` and other refusals of a lying relay, `rate-limited`, `offline`
   */
  add(code: string): Promise<Contact>;
  /**
   * Adds a contact by its link, or by what its QR code says; both carry the whole identity key. The contact is
   * `verified`: for somebody new the relay must show a statement by that very key; somebody known is compared
   * with the pin, without the relay. A key that is not the pinned one makes the contact `changed`, which blocks
   * sending until `acceptIdentity` or `recheckIdentity`.
   * @param link - as `share` gives it at the other side, exactly
   * @throws SottoError `invalid-contact-link`, `contact-link-version`, `contact-link-of-another-relay`,
   * `link-code-outside-linking`; `identity-changed`, also for somebody known with another key; and as `add`
   */
  addByLink(link: string): Promise<Contact>;
  /**
   * What others need to find this account: its contact code, and a link and the text of a QR code that
   * carry the whole identity key.
   * @throws SottoError `not-registered`, `invalid-contact-link` if `page` is not such an address
   */
  share(options?: ContactShareOptions): Promise<ContactShare>;
  /** All contacts, message requests and blocked ones included, in no particular order. */
  list(): Promise<Contact[]>;
  /** One contact, if known. */
  get(account: AccountId): Promise<Contact | undefined>;
  /** Accepts a message request; its messages are marked as delivered at the other side. @throws SottoError `unknown-contact` */
  accept(account: AccountId): Promise<Contact>;
  /** Blocks: nothing of it takes effect, nothing is sent to it. @throws SottoError `unknown-contact` */
  block(account: AccountId): Promise<Contact>;
  /** Takes a block back. @throws SottoError `unknown-contact` */
  unblock(account: AccountId): Promise<Contact>;
  /** Forgets a contact, its pin, its sessions and what waits of it in quarantine; messages stay. @throws SottoError `unknown-contact` */
  remove(account: AccountId): Promise<void>;
  /**
   * Accepts the identity key a `changed` contact has shown. What waited in quarantine takes effect,
   * in order; sending is open again, and the contact is `unverified`.
   * @throws SottoError `unknown-contact`, `not-found` or `statement-mismatch` if the relay cannot
   * show a statement signed by that key, `offline`
   */
  acceptIdentity(account: AccountId): Promise<Contact>;
  /**
   * Asks the relay again about a contact that is `changed`. If it shows the pinned key, signed by it,
   * the contact is what it was before: same pin, same trust, sending open. What came under the other
   * key stays in quarantine. Adding the contact by its code anew does the same.
   * @throws SottoError `unknown-contact`, `not-found` if nobody is behind the pinned key any more,
   * `identity-changed` if another key is shown, refusals of a lying relay, `rate-limited`, `offline`
   */
  recheckIdentity(account: AccountId): Promise<Contact>;
  /** The safety number with a contact: 60 digits and a scannable form. @throws SottoError `unknown-contact` */
  safetyNumber(account: AccountId): Promise<Fingerprint>;
  /** Marks a contact `verified`. @throws SottoError `safety-number-mismatch`, `identity-changed`, `unknown-contact` */
  verify(account: AccountId, comparison: SafetyNumberComparison): Promise<Contact>;
}

/** Messages and conversations. A conversation with one account has that account's id. */
export interface MessengerMessages {
  /**
   * Writes a message down, encrypted, and sends it as soon as the relay can be reached. Resolves
   * when it is durable here (`pending`); `message-status` tells the rest.
   * @param options - with an `id` the call can be repeated: it takes effect once
   * @throws SottoError `unknown-contact`, `contact-not-accepted`, `contact-blocked`,
   * `identity-changed`, `contact-trust-too-low`, `content-too-large`, `invalid-content`, `limit-exceeded`,
   * `idempotency-conflict` when there is another message under the id
   */
  send(recipient: AccountId, content: OutgoingText, options?: SendOptions): Promise<Message>;
  /** Sends a `failed` message again, under the id it had. @throws SottoError `unknown-message`, and as `send` */
  retry(conversation: AccountId, seq: number): Promise<Message>;
  /** One message. @throws SottoError `unknown-message` */
  get(conversation: AccountId, seq: number): Promise<Message>;
  /** A page of a conversation, oldest first; without `beforeSeq` the newest. */
  list(conversation: AccountId, page?: MessagePage): Promise<Message[]>;
  /** All conversations, the one that changed last first. */
  conversations(): Promise<Conversation[]>;
  /** Marks everything up to a message as read, on this device. @throws SottoError `unknown-message` */
  markRead(conversation: AccountId, seq: number): Promise<void>;
}

/** The device's pre-keys at the relay. */
export interface MessengerPreKeys {
  /** What the relay still holds. */
  status(): Promise<PreKeyStatus>;
  /**
   * Fills the stock up if it is low, and replaces the signed and the last-resort key after a week. Happens by
   * itself on every connection, twice a day while it lasts, and when the relay says so.
   * @throws SottoError `limit-exceeded` when the relay wants more than the 1,000 one-time keys of a kind
   * that a device holds, `offline`
   */
  replenish(): Promise<PreKeyStatus>;
}

/** Sessions with other devices. */
export interface MessengerSessions {
  /** Puts the sessions with a contact's devices aside; the next message starts new ones. @throws SottoError `unknown-contact` */
  reset(account: AccountId): Promise<void>;
}

/** What this device can say of itself when something does not work. */
export interface MessengerDiagnostics {
  /** How many envelopes ended in which reason since the storage was made. @throws SottoError `storage-corrupt` */
  counters(): Promise<MessengerCounters>;
  /**
   * A description of this device to show to whoever helps: states, counts, versions, limits that are met. No
   * content, name, key, token or id is in it; other accounts are told apart by hashes that differ in every
   * bundle. It tells how many contacts there are and how much waits for each: let the user see it before it is sent.
   * @throws SottoError `messenger-closed`; what else fails is said inside it
   */
  supportBundle(): Promise<SupportBundle>;
}

/** Records the application's handler has written. */
export interface MessengerRecords {
  /** Committed values by key, in the order asked for. */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Committed pairs under a prefix (whole segments ending in `/`, or empty for all), in no particular order. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Uint8Array }>;
}

/** Backups of this device. */
export interface MessengerBackup {
  /** A new recovery key: 128 random bits in eight groups of letters and digits, to be written down. */
  createRecoveryKey(): Promise<string>;
  /**
   * Writes an archive of this device as it is now: identity, contacts and trust, conversations, records. What
   * changes while it is read is not in it. Refusals come before there is a stream.
   * @throws SottoError `not-registered`, `invalid-recovery-key`, `weak-password`, `backup-password-reused`,
   * `kdf-memory`; `invalid-storage-key`, `limit-exceeded` for a setting
   */
  create(input: BackupInput, run?: BackupRun): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /**
   * What an archive says of itself without its secret. Nothing of it is authentic until it was verified.
   * @throws SottoError `backup-invalid`, `backup-truncated`, `backup-version`, `backup-parameters`
   */
  inspect(stream: ReadableStream<Uint8Array>): Promise<ArchiveSummary>;
  /**
   * Reads all of an archive and restores nothing.
   * @returns how many of what is in it
   * @throws SottoError as `inspect`, and `invalid-recovery-key`, `weak-password`, `backup-wrong-secret`,
   * `kdf-memory`, `backup-damaged`, `backup-content-invalid`; the signal's reason
   */
  verify(
    stream: ReadableStream<Uint8Array>,
    input: { readonly secret: BackupSecret },
    run?: BackupRun,
  ): Promise<ArchiveTotals>;
  /**
   * Brings an account back from an archive, on a device without one: the same account and identity, as a new
   * device in the place of the one that was backed up, which hears `device-replaced` when it comes back. Contacts
   * see no other identity; sessions are made anew by themselves, and what waited for the old device is asked for
   * again. What came in after the backup was made, and took effect there, is missing.
   *
   * All of it or nothing: until this resolves the device is what it was, also after a crash. It may then simply
   * be called again.
   * @throws SottoError `already-registered`, `restore-not-empty`; of the archive `backup-wrong-secret` and the others
   * of `verify`; `recovery-refused` when the relay does not know this identity; `manifest-conflict` when another
   * device was put in that place at the same moment; `statement-mismatch`, `manifest-rollback` and other refusals of
   * a lying relay; `rate-limited`, `offline`
   */
  restore(stream: ReadableStream<Uint8Array>, input: RestoreInput, run?: BackupRun): Promise<RestoreSummary>;
  /**
   * The settings that came with a restore, as `create` was given them; none on a device that was not restored.
   * @throws SottoError `messenger-closed`
   */
  settings(): Promise<BackupSettings>;
}

/** An account on this device. */
export interface Messenger {
  readonly account: MessengerAccount;
  readonly contacts: MessengerContacts;
  readonly messages: MessengerMessages;
  readonly preKeys: MessengerPreKeys;
  readonly sessions: MessengerSessions;
  readonly records: MessengerRecords;
  readonly backup: MessengerBackup;
  readonly diagnostics: MessengerDiagnostics;
  /** The connection to the relay, at this moment. */
  readonly connection: ConnectionState;
  /**
   * Listens to an event. Journalled events begin with the first `connect`, and what an earlier life
   * did not get to say comes first: attach listeners before.
   * @returns stops listening
   */
  on<Name extends MessengerEventName>(name: Name, listener: MessengerListener<Name>): () => void;
  /**
   * Goes online and stays so, reconnecting by itself, until `disconnect`. Resolves at once;
   * `connection` tells how it goes.
   * @throws SottoError `not-registered`
   */
  connect(): Promise<void>;
  /** Goes offline. What is written meanwhile waits. */
  disconnect(): Promise<void>;
  /**
   * Ends the messenger: finishes the commits under way, lets listeners hear what is in the journal for
   * up to ten seconds, closes transport and storage. Idempotent. Called by a listener it resolves when
   * all but that is done: nothing more is dispatched, and the storage is closed once the listener has
   * returned. (Where the platform cannot tell that a listener calls — browsers, after its first
   * `await` — the ten seconds pass first.) What was not heard to its end comes first in the next life.
   */
  close(): Promise<void>;
}
