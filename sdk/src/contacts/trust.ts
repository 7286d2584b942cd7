/**
 * The trust table as pure functions: what an event does to a contact. Knows no storage and no
 * relay.
 *
 * | event | pin | sending | receiving |
 * | --- | --- | --- | --- |
 * | bundle or statement shows another key | untouched | blocked, `changed` | – |
 * | message under another key | untouched | blocked, `changed` | quarantined until accepted |
 * | accepted by the user | moved | open, `unverified` | quarantine drained in order |
 * | asked by the user, the relay shows the pinned key again | untouched | open, as before | what is quarantined stays so |
 * | link, QR code or safety number with the pinned key | untouched | open, `verified` | – |
 * | link or QR code with another key | untouched | blocked, `changed` | – |
 */
import { equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import type { ContactCodeStrength } from '../verification/index.js';
import type { AccountStatement, DeviceManifest } from '../wire/index.js';
import type { ContactEntry, PinStrength } from './contact-record.js';

const order: readonly PinStrength[] = ['unverified', 'code-checked', 'verified'];

/** What trust a messenger asks for; see `MessengerOptions.trust`. */
export interface TrustPolicy {
  /**
   * The least trust that a contact needs before a text goes out to it, whether it is sent, retried or sent again
   * because it was lost. What waited and may not go out any more has failed with `contact-trust-too-low`. A contact
   * whose key has `changed` is sent nothing, whatever stands here. Default: `unverified`.
   */
  readonly sendTo?: PinStrength;
}

/** @throws TypeError where it is none: a word that is not known must not open what it was meant to close */
export function leastTrustToSend({ sendTo = 'unverified' }: TrustPolicy = {}): PinStrength {
  if (!order.includes(sendTo)) throw new TypeError('trust.sendTo must be a trust');
  return sendTo;
}

/** What a checked code is worth: a weak one pins and no more. */
export function strengthOfCode(strength: ContactCodeStrength): PinStrength {
  return strength === 'weak' ? 'unverified' : 'code-checked';
}

/** The stronger of what is known and what was just checked. */
export function strongest(known: PinStrength, checked: PinStrength): PinStrength {
  return order.indexOf(checked) > order.indexOf(known) ? checked : known;
}

/** The contact has shown another key. The pin stays. */
export function showOtherKey(entry: ContactEntry, shownIdentityKey: Uint8Array): ContactEntry {
  return { ...entry, changedTo: shownIdentityKey as Uint8Array<ArrayBuffer> };
}

/** The user has accepted the new key: the pin moves and all that was checked counts no more. */
export function acceptOtherKey(
  entry: ContactEntry,
  shown: { readonly statement: AccountStatement; readonly manifest: DeviceManifest },
): ContactEntry {
  // Whoever lost its key may have lost its contacts with it: our code goes along until we hear from it.
  return { ...entry, ...shown, strength: 'unverified', changedTo: null, draining: true, heard: false };
}

/** The pinned key has been shown again: the contact is what it was before another was, and no more. */
export function showPinnedKey(entry: ContactEntry): ContactEntry {
  return { ...entry, changedTo: null };
}

/** Whether a key is the pinned one. */
export function isPinned(entry: ContactEntry, identityKey: Uint8Array): boolean {
  return equalBytes(entry.statement.identityKey, identityKey);
}

/** @throws SottoError `contact-blocked`, `contact-not-accepted` or `identity-changed` where sending is not open */
export function assertMaySend(entry: ContactEntry): void {
  if (entry.relation === 'blocked') throw new SottoError('contact-blocked');
  if (entry.relation === 'request') throw new SottoError('contact-not-accepted');
  assertUnchanged(entry);
}

/** @throws SottoError as {@link assertMaySend}, and `contact-trust-too-low` where a text needs more trust */
export function assertMaySendText(entry: ContactEntry, least: PinStrength): void {
  assertMaySend(entry);
  if (order.indexOf(entry.strength) < order.indexOf(least)) throw new SottoError('contact-trust-too-low');
}

/** @throws SottoError `identity-changed` while another key than the pinned one waits for the user */
export function assertUnchanged({ statement, changedTo }: ContactEntry): void {
  if (!changedTo) return;
  throw new SottoError('identity-changed', {
    details: { accountId: statement.accountId, shownIdentityKey: changedTo.slice() },
  });
}

/** Whether we answer by ourselves (receipts): never to strangers, blocked or changed accounts. */
export function mayAnswer(entry: ContactEntry): boolean {
  return entry.relation === 'accepted' && !entry.changedTo;
}
