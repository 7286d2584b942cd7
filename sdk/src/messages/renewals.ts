/**
 * Sessions that fail are renewed: when a message of a contact's device cannot be decrypted, the session with
 * that device is put aside and a new one begun, so that what comes next can be read without either user
 * doing anything; and the device is asked for the message that was lost. Knows no relay.
 */
import { contactDevices, mayAnswer, type ContactBook, type ContactEntry } from '../contacts/index.js';
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { UndecryptableReason } from '../journal-event.js';
import { limits } from '../limits.js';
import type { SessionService } from '../sessions/index.js';
import type { Unit } from '../unit/index.js';
import type { DeviceId, Envelope } from '../wire/index.js';
import type { Composer } from './composer.js';
import { hashOf } from './send-log.js';

/** Reasons that a new session takes away. What was decrypted, or is another's key, is none of them. */
const curable: ReadonlySet<UndecryptableReason> = new Set<UndecryptableReason>([
  'no-session',
  'invalid-message',
  'pre-key-missing',
]);

/** What a session is begun anew for. */
interface RenewalCause {
  /** The hash of the message that was lost, if it was one. */
  readonly lost?: string;
  /** Sessions begun anew for lost messages, this one among them, since `since`. */
  readonly count: number;
  /** By the own clock. Now, when absent. */
  readonly since?: number;
}

/** See the header. */
export class Renewals {
  readonly #contacts: ContactBook;
  readonly #sessions: SessionService;
  readonly #composer: Composer;
  readonly #host: Host;

  constructor(parts: { contacts: ContactBook; sessions: SessionService; composer: Composer; host: Host }) {
    this.#contacts = parts.contacts;
    this.#sessions = parts.sessions;
    this.#composer = parts.composer;
    this.#host = parts.host;
  }

  /**
   * Stages a new session with the device whose message could not be decrypted, and a request for that message,
   * if that may help: for an accepted contact at its pinned key and a device of its list. So soon after the last
   * time only the request is staged. Where more fails than may be asked for, the session that was begun last has
   * not helped (the device may have lost the keys that it was begun with): another follows, and a few of those.
   * The session before is archived, so whatever of it is still under way can be read.
   */
  async stageFor(
    unit: Unit,
    { sender, ciphertext }: Pick<Envelope, 'sender' | 'ciphertext'>,
    reason: UndecryptableReason,
  ): Promise<void> {
    if (!curable.has(reason)) return;
    const contact = await this.#contacts.read(unit, sender.accountId);
    if (!contact || !mayAnswer(contact) || !isListed(contact, sender.deviceId)) return;
    const lost = hashOf(ciphertext);
    const last = this.#lastRenewal(contact, sender.deviceId);
    if (!last) return this.#renew(unit, contact, [sender.deviceId], { lost, count: 1 });
    const requests = (last.requests ?? 0) + 1;
    if (requests > limits.maxResendRequests) {
      const count = (last.count ?? 1) + 1;
      if (count > limits.maxSessionRenewals) return;
      return this.#renew(unit, contact, [sender.deviceId], { lost, count, since: last.since ?? last.at });
    }
    const others = (contact.renewals ?? []).filter((renewal) => renewal !== last);
    const noted = { ...contact, renewals: [...others, { ...last, requests }] };
    this.#contacts.write(unit, noted);
    await this.#say(unit, noted, lost);
  }

  /** Stages new sessions with all devices of a contact, however lately others were begun. */
  async stageAll(unit: Unit, contact: ContactEntry): Promise<void> {
    const deviceIds = contact.manifest.devices.map(({ deviceId }) => deviceId);
    await this.#renew(unit, contact, deviceIds, { count: 0 });
  }

  async #renew(
    unit: Unit,
    contact: ContactEntry,
    deviceIds: readonly DeviceId[],
    cause: RenewalCause,
  ): Promise<void> {
    const { accountId } = contact.statement;
    for (const deviceId of deviceIds) await this.#sessions.archive(unit, { accountId, deviceId });
    const renewed = this.#noted(contact, deviceIds, cause);
    this.#contacts.write(unit, renewed);
    await this.#say(unit, renewed, cause.lost);
  }

  async #say(unit: Unit, contact: ContactEntry, lost: string | undefined): Promise<void> {
    try {
      await this.#composer.stageRenewal(unit, contact, lost);
    } catch (error) {
      // The outbox is full: the next message to the contact begins the session.
      if (!isSottoError(error, 'limit-exceeded')) throw error;
    }
  }

  /** The renewal that is too young for another one at once. */
  #lastRenewal(contact: ContactEntry, deviceId: DeviceId) {
    const last = contact.renewals?.find((renewal) => renewal.deviceId === deviceId);
    const passedMs = this.#host.clock.now() - (last?.since ?? last?.at ?? 0);
    // Negative where the clock was set back: it must not put renewals off for as long.
    return passedMs < 0 || passedMs >= limits.sessionRenewalIntervalMs ? undefined : last;
  }

  /** Only devices of the list are kept, so the list is no longer than it. */
  #noted(
    contact: ContactEntry,
    deviceIds: readonly DeviceId[],
    { lost, count, since }: RenewalCause,
  ): ContactEntry {
    const listed = new Set(contact.manifest.devices.map((device) => device.deviceId));
    const others = (contact.renewals ?? []).filter(
      (renewal) => !deviceIds.includes(renewal.deviceId) && listed.has(renewal.deviceId),
    );
    const at = this.#host.clock.now();
    const noted = { at, ...(since !== undefined && { since }), count, requests: lost ? 1 : 0 };
    return { ...contact, renewals: [...others, ...deviceIds.map((deviceId) => ({ deviceId, ...noted }))] };
  }
}

function isListed(contact: ContactEntry, deviceId: DeviceId): boolean {
  return contactDevices(contact).some(({ device }) => device.deviceId === deviceId);
}
