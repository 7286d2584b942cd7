/**
 * Answers a device that could not decrypt a message: it goes out again, under its id, in the session the
 * request came in. Only for accepted contacts at their pinned key, once per message and device, and no more
 * than a few an hour. Knows no ciphertext but by its hash.
 */
import { mayAnswer, type ContactBook, type ContactEntry } from '../contacts/index.js';
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { Unit } from '../unit/index.js';
import type { DeviceAddress, Envelope } from '../wire/index.js';
import type { Composer } from './composer.js';
import { messageKey, messageRecord } from './message-record.js';
import { noteResent, outboxKey, outboxRecord, type OutboxEntry } from './outbox.js';
import { isInAttempt, takeSent } from './send-log.js';
import type { Sender } from './sender.js';

/** See the header. */
export class Resends {
  readonly #contacts: ContactBook;
  readonly #composer: Composer;
  readonly #host: Host;
  readonly #sender: Pick<Sender, 'headOf'>;

  constructor(parts: {
    contacts: ContactBook;
    composer: Composer;
    host: Host;
    sender: Pick<Sender, 'headOf'>;
  }) {
    this.#contacts = parts.contacts;
    this.#composer = parts.composer;
    this.#host = parts.host;
    this.#sender = parts.sender;
  }

  /** Stages the message again whose ciphertext a device of the contact has named in an envelope, if it may have it. */
  async answer(
    unit: Unit,
    contact: ContactEntry,
    { sender: device, acceptedAt }: Pick<Envelope, 'sender' | 'acceptedAt'>,
    ciphertextHash: string,
  ): Promise<void> {
    const recent = this.#recent(contact);
    const given = recent.filter(({ deviceId }) => deviceId === device.deviceId).length;
    if (!mayAnswer(contact) || given >= limits.maxResendsPerHour) return;
    const now = this.#host.clock.now();
    const before = unit.checkpoint();
    const listed = contact.manifest.devices.map(({ deviceId }) => deviceId);
    const asked = { now, relayNow: acceptedAt };
    const logged = await takeSent(unit, { device, listed }, ciphertextHash, asked);
    const underWay = logged === undefined ? await this.#underWay(unit, device, ciphertextHash) : undefined;
    const messageSeq = logged ?? underWay?.messageSeq ?? undefined;
    if (messageSeq === undefined) return;
    const message = await unit.read(messageKey(contact.statement.accountId, messageSeq), messageRecord);
    // What a receipt has confirmed is there.
    if (message?.status !== (logged === undefined ? 'pending' : 'sent')) return;
    try {
      await this.#composer.stageAgain(unit, message, { by: device.deviceId });
    } catch (error) {
      // The outbox is full, or the contact is trusted less than it was: nothing went out, so nothing counts.
      if (!isSottoError(error, 'limit-exceeded') && !isSottoError(error, 'contact-trust-too-low'))
        throw error;
      before.restore();
      return;
    }
    if (underWay) noteResent(unit, underWay, device.deviceId);
    this.#contacts.write(unit, {
      ...contact,
      resends: [...recent, { deviceId: device.deviceId, at: now }],
    });
  }

  /**
   * What was delivered before we had written down that the relay took it: an answer that was lost, or a commit that
   * failed, and it is in no log yet.
   */
  async #underWay(
    unit: Unit,
    device: DeviceAddress,
    ciphertextHash: string,
  ): Promise<OutboxEntry | undefined> {
    const seq = this.#sender.headOf(device.accountId);
    const entry = seq === undefined ? undefined : await unit.read(outboxKey(seq), outboxRecord);
    const isNamed = entry?.attempt && isInAttempt(entry.attempt, device, ciphertextHash);
    return isNamed && !entry.resentTo?.includes(device.deviceId) ? entry : undefined;
  }

  /** Of the last hour; those of the future are a clock's that was wrong. */
  #recent({ resends = [] }: ContactEntry): NonNullable<ContactEntry['resends']> {
    const now = this.#host.clock.now();
    return resends.filter(({ at }) => at <= now && now - at < limits.sessionRenewalIntervalMs);
  }
}
