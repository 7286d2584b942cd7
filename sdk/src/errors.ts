/**
 * Every failure of the SDK: one class, a stable code, structured details. Codes are API, messages
 * are not. No message and no detail carries plaintext, a key or what a user typed. The class knows no text:
 * what throws an error would carry the whole table into a page that shows none of it.
 */
import { problemCatalogue, type ProblemCode } from './wire/problem-catalogue.js';

/** One row of the error table in the documentation. */
export interface ErrorEntry {
  /** When it is thrown. */
  readonly when: string;
  /** What to do. */
  readonly next: string;
}

/** The failures that arise on the device itself. The relay's are in `problemCatalogue`. */
export const localErrorCatalogue = {
  // account
  'not-registered': {
    when: 'The call needs an account and this storage holds none.',
    next: 'Register first.',
  },
  'already-registered': {
    when: 'This storage holds an account already.',
    next: 'Use another storage, or sign out first.',
  },
  'invalid-username': { when: 'The name does not fit `[a-z][a-z0-9_]{2,31}`.', next: 'Choose another.' },
  'weak-password': {
    when: 'The password is shorter than 8 characters or longer than 1,024.',
    next: 'Choose another.',
  },
  'login-required': {
    when: 'The relay no longer accepts the refresh token.',
    next: 'Call `account.login` with the password.',
  },
  'recovery-refused': {
    when: 'The relay has no account under the identity of this backup: it is another relay, or the account was deleted, or reset since.',
    next: 'Check the relay. If the account was reset, this backup can no longer bring it back.',
  },
  'messenger-closed': { when: 'The messenger was closed, or signed out.', next: 'Create another one.' },
  // unit of work
  'unit-reentrancy': {
    when: 'A messenger method was called inside an `onMessage` handler.',
    next: 'Use the `unit` passed to the handler, or do it afterwards.',
  },
  'unit-closed': {
    when: 'A unit was used after its handler returned.',
    next: 'Await everything inside the handler.',
  },
  'unit-too-large': {
    when: 'A handler staged more than its unit may hold.',
    next: 'Stage less per message.',
  },
  'handler-timeout': {
    when: 'An `onMessage` handler took longer than ten seconds.',
    next: 'Move slow work out of the handler.',
  },
  // storage
  'storage-locked': { when: 'Another process or adapter holds the storage.', next: 'Close it there first.' },
  fenced: {
    when: 'A newer writer has taken over the storage.',
    next: 'This instance must stop; open a new one.',
  },
  'storage-closed': { when: 'The adapter was used after `close`.', next: 'Open it again.' },
  'storage-failed': {
    when: 'The store could not read or write; the cause tells more.',
    next: 'Check disk and permissions. Nothing was half written.',
  },
  'storage-corrupt': {
    when: 'A stored record cannot be read or has an unknown version.',
    next: 'Restore a backup, or wipe.',
  },
  'storage-wrong-key': {
    when: 'The storage was encrypted under another key or passphrase.',
    next: 'Ask for the passphrase again. A key that was lost is lost: wipe, and restore a backup.',
  },
  'storage-key-missing': {
    when: 'The key of this storage was made on this device, and is no longer there.',
    next: 'Restore a backup; or remove what is left of both, and begin anew.',
  },
  'insecure-key-store': {
    when: 'A key was to be kept where the platform offers nothing secure: the plugin’s web version is plain `localStorage`.',
    next: 'In a browser use `deviceKey`, or a passphrase.',
  },
  'storage-tampered': {
    when: 'Something in an encrypted storage was changed, moved or removed from outside.',
    next: 'Do not trust what is left; restore a backup.',
  },
  'storage-full': {
    when: 'There is no room for the commit: the disk is full, or the browser’s quota is used up.',
    next: 'Free some space and repeat. Nothing was half written.',
  },
  'storage-evicted': {
    when: 'The database was removed, while it was open or since: by the browser, for want of space, or by the user.',
    next: 'See what is left; restore a backup, or remove the rest and begin anew.',
  },
  'invalid-storage-key': {
    when: 'A key or prefix does not fit the port’s rules.',
    next: 'A defect of the caller.',
  },
  // transport
  offline: { when: 'The relay cannot be reached.', next: 'It is tried again by itself; repeat later.' },
  'request-timeout': {
    when: 'The relay did not answer in time. Whether it acted is unknown.',
    next: 'Repeat; operations are idempotent where it matters.',
  },
  'invalid-response': {
    when: 'The relay’s answer does not fit the wire schema.',
    next: 'The relay is newer, defective or hostile.',
  },
  replaced: {
    when: 'A newer connection of the same device took over.',
    next: 'Close this instance; it stays away by itself.',
  },
  // engine
  'no-session': {
    when: 'There is no session with the device.',
    next: 'A new one is started by the next send; with an accepted contact, by itself.',
  },
  'invalid-bundle': {
    when: 'A pre-key bundle’s keys or signatures do not verify.',
    next: 'Nothing was stored; the relay may be hostile.',
  },
  'invalid-message': {
    when: 'A ciphertext cannot be parsed or authenticated.',
    next: 'It is lost. An accepted contact’s device is asked for it, five times an hour at most, in a new session.',
  },
  'decryption-deferred': {
    when: 'A message far ahead of its sender’s others, after others like it were forged: to see what it is costs too much now.',
    next: 'It waits and is tried again by itself, within the hour if no more are forged.',
  },
  'duplicate-message': { when: 'A ciphertext was decrypted before.', next: 'Nothing; it took effect then.' },
  'pre-key-missing': {
    when: 'A ciphertext names a pre-key this device no longer has.',
    next: 'It is lost. An accepted contact’s device is asked for it, five times an hour at most, in a new session.',
  },
  'pre-key-replayed': {
    when: 'The first message of a session was replayed against a last-resort key.',
    next: 'It is counted and dropped.',
  },
  'identity-changed': {
    when: 'An account shows another identity key than the pinned one.',
    next: 'Compare safety numbers, then `contacts.acceptIdentity`.',
  },
  'engine-record-invalid': {
    when: 'A stored engine record is corrupt, or of another engine.',
    next: 'Restore a backup, or archive the session.',
  },
  'no-sender-key': {
    when: 'There is no sender key for a group message, or for sending to a group.',
    next: 'Ask the sender to distribute it again; make one before sending.',
  },
  'invalid-certificate': {
    when: 'A sender certificate cannot be read or is not signed under a trust root.',
    next: 'Nothing was opened; the sender may be pretending.',
  },
  'certificate-expired': {
    when: 'A sender certificate is past its end.',
    next: 'The sender fetches a new one.',
  },
  'invalid-registration-id': {
    when: 'A session’s registration id does not fit where it must be written.',
    next: 'Archive the session; the other side may be hostile.',
  },
  'sealed-by-self': { when: 'A sealed message was sealed by this very device.', next: 'Drop it.' },
  'engine-mismatch': {
    when: 'The account in this storage was made with another engine, whose records this one cannot read.',
    next: 'Open it with that engine; `details.engine` names it.',
  },
  // verification
  'invalid-key': { when: 'Bytes are not a public key of the expected kind.', next: 'Refuse the input.' },
  'invalid-signature': { when: 'A signature does not verify.', next: 'Refuse the input.' },
  // contacts
  'invalid-contact-code': { when: 'The text is not a contact code.', next: 'Check for typing errors.' },
  'invalid-contact-link': {
    when: 'The text is not a contact link, or is not spelled as one is.',
    next: 'Copy or scan it again, whole.',
  },
  'contact-link-version': {
    when: 'The contact link is of a version this SDK does not know.',
    next: 'Update the application, or use the contact code.',
  },
  'contact-link-of-another-relay': {
    when: 'The contact link is of an account at another relay.',
    next: 'It can be added where the same relay is used only.',
  },
  'link-code-outside-linking': {
    when: 'The code links a device to an account; it is no contact.',
    next: 'Do not use it unless you asked for it yourself: whoever sent it may want to read your messages.',
  },
  'contact-is-self': { when: 'The contact code or link is the own one.', next: 'Enter somebody else’s.' },
  'statement-mismatch': {
    when: 'A statement or manifest does not belong to the account, name or code it was asked for.',
    next: 'The relay may be hostile; nothing was stored.',
  },
  'invalid-manifest': {
    when: 'A signed device manifest breaks its own rules: device ids out of order or repeated, or a hash chain that does not fit its version.',
    next: 'The relay or the account may be hostile; nothing was stored.',
  },
  'manifest-rollback': {
    when: 'The relay showed an older or forked device manifest.',
    next: 'The relay may be hostile; nothing was stored.',
  },
  'unknown-contact': { when: 'The account is not a contact.', next: 'Add it by its code first.' },
  'contact-not-accepted': {
    when: 'The contact is a message request that was not accepted.',
    next: 'Accept it first.',
  },
  'contact-blocked': { when: 'The contact is blocked.', next: 'Unblock it first.' },
  'contact-trust-too-low': {
    when: 'The contact has less trust than `trust.sendTo` asks for.',
    next: 'Verify the contact, then send again.',
  },
  'safety-number-mismatch': {
    when: 'The compared safety numbers differ.',
    next: 'Do not trust the contact; somebody may sit in between.',
  },
  // messages
  'invalid-content': {
    when: 'Decrypted content does not fit its schema, or its claims do not fit its sender.',
    next: 'It is counted and dropped.',
  },
  'content-too-large': { when: 'Content is larger than 64 KiB.', next: 'Send less.' },
  'sender-mismatch': {
    when: 'An envelope’s sender is not who the ciphertext is from.',
    next: 'It is counted and dropped; the relay may be hostile.',
  },
  'envelope-id-reused': {
    when: 'The relay used an envelope id again for other bytes.',
    next: 'It is refused; the relay may be hostile.',
  },
  'envelope-time-out-of-range': {
    when: 'An envelope’s acceptance time cannot be true by the relay’s own clock.',
    next: 'It is refused; the relay may be hostile.',
  },
  'quarantine-expired': {
    when: 'A message waited seven days: for somebody to accept its changed identity key, or to be worth the work.',
    next: 'It is gone; ask the sender to send it again.',
  },
  'unknown-message': { when: 'There is no such message.', next: 'Check the id.' },
  'send-expired': {
    when: 'A message could not be sent for 28 days.',
    next: 'Send it again if it still matters.',
  },
  'device-mismatch': {
    when: 'The relay kept answering that the device list is wrong.',
    next: 'Try again later; the relay may be hostile.',
  },
  // backup
  'backup-invalid': {
    when: 'What was to be read is not an archive.',
    next: 'Choose the file that the backup was written to.',
  },
  'backup-version': {
    when: 'The archive is of a version this SDK does not know.',
    next: 'Update the application.',
  },
  'backup-parameters': {
    when: 'The archive asks for a key derivation or a chunk size outside of the bounds; nothing was derived.',
    next: 'It was not written by this SDK, or was made to do harm: do not use it.',
  },
  'backup-wrong-secret': {
    when: 'The recovery key or password does not open the archive, or its header was damaged: the two cannot be told apart.',
    next: 'Ask for the secret again; if it is right, use another copy.',
  },
  'backup-truncated': {
    when: 'The archive ends too early.',
    next: 'Fetch it again, or use another copy.',
  },
  'backup-damaged': {
    when: 'A part of the archive was changed, moved, repeated or appended, or was never a part of it.',
    next: 'Use another copy.',
  },
  'backup-content-invalid': {
    when: 'The archive is authentic, and what it says does not fit: a length out of bounds, sections out of order, a wrong count.',
    next: 'It was not written by this SDK; do not use it.',
  },
  'invalid-recovery-key': {
    when: 'The text is not a recovery key: a character is wrong or missing.',
    next: 'Compare it with the paper, group by group.',
  },
  'backup-password-reused': {
    when: 'The backup password is the account password: the relay could try to guess it.',
    next: 'Choose another, or a recovery key.',
  },
  'kdf-memory': {
    when: 'There is not enough memory to derive the key of an archive or a storage.',
    next: 'Close what else is open, or read it on a machine with more.',
  },
  'restore-not-empty': {
    when: 'The storage to restore into holds something already.',
    next: 'Use an empty one.',
  },
  'restored-unsent': {
    when: 'A message had not been taken by the relay when the backup was made; whether the lost device has sent it since is unknown.',
    next: 'Send it again with `messages.retry` if it still matters: where it arrived before, it is not shown twice.',
  },
  // remote
  'remote-closed': {
    when: 'The messenger at the other side of a port is gone, or the port was let go. Whether a call that was under way took effect is unknown.',
    next: 'Connect again, and look whether it did.',
  },
  'remote-failed': {
    when: 'The other side of a port failed without a code, or said something that fits nothing.',
    next: 'A defect at the other side; its log tells more.',
  },
  'remote-version': {
    when: 'The other side of a port is of another version of the SDK that speaks differently.',
    next: 'Load both sides anew.',
  },
  'outcome-unknown': {
    when: 'The tab that held the messenger went while a call was under way that must not be made twice by itself.',
    next: 'Look whether it took effect, then decide.',
  },
  // limits
  'limit-exceeded': { when: 'A named limit of the SDK is used up.', next: 'See `details.limit`.' },
} as const satisfies Record<string, ErrorEntry>;

/** The code of a failure. */
export type SottoErrorCode = keyof typeof localErrorCatalogue | ProblemCode;

/** What some codes carry besides the code. */
export interface SottoErrorDetailsByCode {
  'rate-limited': { readonly retryAfterMs?: number };
  unavailable: { readonly retryAfterMs?: number };
  'invalid-request': { readonly fields?: readonly string[] };
  'internal-error': { readonly requestId?: string };
  'identity-changed': {
    readonly accountId?: string;
    /** The key that was shown, 33 bytes. */
    readonly shownIdentityKey?: Uint8Array;
  };
  /** The name of the engine whose records they are. */
  'engine-mismatch': { readonly engine: string };
  'limit-exceeded': { readonly limit: string };
}

/** The details of a code; an empty object for most. */
export type SottoErrorDetails<Code extends SottoErrorCode> = Code extends keyof SottoErrorDetailsByCode
  ? SottoErrorDetailsByCode[Code]
  : Readonly<Record<string, never>>;

/** Options of {@link SottoError}'s constructor. */
export type SottoErrorOptions<Code extends SottoErrorCode> = {
  readonly cause?: unknown;
} & (Record<string, never> extends SottoErrorDetails<Code>
  ? { readonly details?: SottoErrorDetails<Code> }
  : { readonly details: SottoErrorDetails<Code> });

/** A failure with a stable {@link SottoErrorCode}. The message is the code; {@link describeError} has the words. */
export class SottoError<Code extends SottoErrorCode = SottoErrorCode> extends Error {
  override readonly name = 'SottoError';
  /** Stable; what to switch on. */
  readonly code: Code;
  /** Structured facts about the failure; never a secret. */
  readonly details: SottoErrorDetails<Code>;

  /** The options may be left out where the code's details are optional. */
  constructor(
    code: Code,
    ...[options]: Record<string, never> extends SottoErrorDetails<Code>
      ? [options?: SottoErrorOptions<Code>]
      : [options: SottoErrorOptions<Code>]
  ) {
    super(code, options && 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options?.details ?? ({} as SottoErrorDetails<Code>);
  }
}

/** All failures as one union, so that `switch (error.code)` narrows `details`. */
export type AnySottoError = { [Code in SottoErrorCode]: SottoError<Code> }[SottoErrorCode];

/** Whether a value is a {@link SottoError}, of one code if one is named. */
export function isSottoError(value: unknown): value is AnySottoError;
export function isSottoError<Code extends SottoErrorCode>(
  value: unknown,
  code: Code,
): value is SottoError<Code>;
export function isSottoError(value: unknown, code?: SottoErrorCode): boolean {
  return value instanceof SottoError && (code === undefined || value.code === code);
}

/** When a code arises and what to do: the row of the documentation's table. */
export function describeError(code: SottoErrorCode): ErrorEntry {
  return code in localErrorCatalogue
    ? localErrorCatalogue[code as keyof typeof localErrorCatalogue]
    : problemCatalogue[code as ProblemCode];
}
