/**
 * From a body to an outbox entry: content, message row and, where there is a session with every device already and
 * nothing before it waits for one, the attempt itself, all in the caller's unit. Reaches no network.
 */
import { shownContactCode, type AccountService, type OwnAccount } from '../account/index.js';
import {
  assertMaySendText,
  contactDevices,
  leastTrustToSend,
  type ContactBook,
  type ContactEntry,
  type PinStrength,
  type TrustPolicy,
} from '../contacts/index.js';
import { SottoError } from '../errors.js';
import type { Host } from '../host.js';
import { randomToken } from '../random.js';
import type { PinnedDevice, SessionService } from '../sessions/index.js';
import type { Unit } from '../unit/index.js';
import { manifestHash } from '../verification/index.js';
import type { AccountId, DeviceId, ManifestDevice } from '../wire/index.js';
import { encodeContent, messageId, type ContentBody, type MessageId } from './content.js';
import { appendMessage, findMessage } from './message-store.js';
import type { Message } from './message-record.js';
import { outboxTimes } from './outbox-age.js';
import {
  appendOutbox,
  hasUnencrypted,
  leaveUnencrypted,
  writeOutbox,
  type Attempt,
  type OutboxEntry,
} from './outbox.js';
import type { Moment } from './moment.js';

/** What an application sends. */
export interface OutgoingText {
  /** At least one character; at most 64 KiB as content. No lone surrogates. */
  readonly text: string;
}

/** Options of `messages.send`. */
export interface SendOptions {
  /**
   * The id the message will have: 128 random bits in base64url, 22 characters. Whoever is not sure whether a send
   * took effect makes it again with the same id: there is one message, and the call gives that one. Default: a new one.
   */
  readonly id?: MessageId;
}

/** Devices of a contact that have no usable session. */
export type MissingSessions = readonly DeviceId[];

/** See the header. */
export class Composer {
  readonly #account: AccountService;
  readonly #contacts: ContactBook;
  readonly #sessions: SessionService;
  readonly #host: Host;
  readonly #clocks: () => Moment;
  readonly #leastTrust: PinStrength;
  readonly #onQueued: (entry: OutboxEntry) => void;

  /** @param parts - `trust` is what a contact needs for a text; `onQueued` is called when an entry is durable */
  constructor(parts: {
    account: AccountService;
    contacts: ContactBook;
    sessions: SessionService;
    host: Host;
    /** This moment by both clocks. */
    clocks: () => Moment;
    trust: TrustPolicy | undefined;
    onQueued: (entry: OutboxEntry) => void;
  }) {
    this.#account = parts.account;
    this.#contacts = parts.contacts;
    this.#sessions = parts.sessions;
    this.#host = parts.host;
    this.#clocks = parts.clocks;
    this.#leastTrust = leastTrustToSend(parts.trust);
    this.#onQueued = parts.onQueued;
  }

  /**
   * Stages a text message to a contact, unless there is one under its id already.
   * @throws SottoError `unknown-contact`, `contact-not-accepted`, `contact-blocked`,
   * `identity-changed`, `contact-trust-too-low`, `content-too-large`, `invalid-content`, `idempotency-conflict`
   */
  async stageText(
    unit: Unit,
    recipient: AccountId,
    { text }: OutgoingText,
    options: SendOptions = {},
  ): Promise<Message> {
    if (typeof text !== 'string' || text.length === 0) throw new TypeError('text must not be empty');
    const earlier = options.id && (await this.#earlier(unit, recipient, text, options.id));
    if (earlier) return earlier;
    const contact = await this.#contacts.read(unit, recipient);
    if (!contact) throw new SottoError('unknown-contact');
    this.assertMaySendText(contact);
    const own = await this.#account.require();
    const id = options.id ?? this.#newId();
    const content = this.#encode(own, contact, id, { type: 'text', body: { text } });
    const now = this.#host.clock.now();
    const message = await appendMessage(unit, {
      id,
      conversationId: recipient,
      sender: own.accountId,
      sentAt: now,
      receivedAt: now,
      status: 'pending',
      failure: null,
      request: false,
      body: { kind: 'text', text },
    });
    await this.#queue(unit, contact, content, message.seq);
    return message;
  }

  /** @throws SottoError where a contact may be sent no text: blocked, not accepted, changed, or trusted too little */
  assertMaySendText(contact: ContactEntry): void {
    assertMaySendText(contact, this.#leastTrust);
  }

  /** The message of an earlier call with the same id. @throws SottoError `idempotency-conflict` if it was another */
  async #earlier(
    unit: Unit,
    recipient: AccountId,
    text: string,
    id: MessageId,
  ): Promise<Message | undefined> {
    if (!messageId.safeParse(id).success) throw new TypeError('id must be 22 characters of base64url');
    const { accountId } = await this.#account.require();
    const message = await findMessage(unit, recipient, accountId, id);
    const isSame = !message || (message.body.kind === 'text' && message.body.text === text);
    if (!isSame) throw new SottoError('idempotency-conflict');
    return message;
  }

  /** Stages delivery receipts for a contact. */
  async stageReceipt(unit: Unit, contact: ContactEntry, ids: readonly MessageId[]): Promise<void> {
    const own = await this.#account.require();
    const body: ContentBody = { type: 'receipt', body: { kind: 'delivered', ids: [...ids] } };
    await this.#queue(unit, contact, this.#encode(own, contact, this.#newId(), body), null);
  }

  /**
   * Stages a message to begin a session with, where the one before is archived by now, and to ask for a
   * message that was lost with it.
   * @param lost - SHA-256 of its ciphertext, in base64url
   */
  async stageRenewal(unit: Unit, contact: ContactEntry, lost?: string): Promise<void> {
    const own = await this.#account.require();
    const body = { type: 'renewal', body: lost ? { lost } : {} } as const;
    const content = this.#encode(own, contact, this.#newId(), body);
    await this.#queue(unit, contact, content, null);
  }

  /**
   * Stages an entry for a message again, under the id it had.
   * @param request - the device that asked for it, and cannot once more; the message keeps the time it was written at
   */
  async stageAgain(unit: Unit, message: Message, request?: { readonly by: DeviceId }): Promise<void> {
    const contact = await this.#contacts.read(unit, message.conversationId);
    if (!contact) throw new SottoError('unknown-contact');
    this.assertMaySendText(contact);
    if (message.body.kind !== 'text') throw new SottoError('unknown-message');
    const own = await this.#account.require();
    const body = { type: 'text', body: { text: message.body.text } } as const;
    const content = this.#encode(own, contact, message.id, body, request && message.sentAt);
    await this.#queue(unit, contact, content, message.seq, request && [request.by]);
  }

  /**
   * Encrypts an entry for every device of the contact, keeping ciphertexts that are still good, and
   * stages the result as a new attempt.
   * @param keep - bodies of the attempt before, for devices the relay did not complain about
   * @returns nothing when staged, or the devices that have no session yet (then nothing is staged)
   */
  async stageAttempt(
    unit: Unit,
    entry: OutboxEntry,
    contact: ContactEntry,
    keep: Attempt['bodies'] = [],
  ): Promise<MissingSessions | undefined> {
    const own = await this.#account.require();
    const kept = new Map(keep.map((body) => [body.deviceId, body]));
    const devices = contactDevices(contact);
    const fresh = devices.filter(
      ({ device }) => kept.get(device.deviceId)?.registrationId !== device.registrationId,
    );
    const missing = await this.missingSessions(unit, contact);
    const needed = missing.filter((id) => fresh.some(({ device }) => device.deviceId === id));
    if (needed.length > 0) return needed;
    const bodies: Attempt['bodies'] = [];
    for (const { address, device } of devices) {
      const good = fresh.every((other) => other.device !== device) && kept.get(device.deviceId);
      const pinned = { address, identityKey: contact.statement.identityKey };
      bodies.push(good || (await this.#encrypt(unit, own, pinned, device, entry.content)));
    }
    const attemptId = this.#host.random.bytes(16) as Uint8Array<ArrayBuffer>;
    writeOutbox(unit, { ...entry, attempt: { attemptId, bodies } });
    return undefined;
  }

  /** The devices of a contact without a usable session. */
  async missingSessions(unit: Unit, contact: ContactEntry): Promise<DeviceId[]> {
    const missing: DeviceId[] = [];
    for (const { address, device } of contactDevices(contact)) {
      if (!(await this.#sessions.isUsable(unit, address, device.registrationId)))
        missing.push(device.deviceId);
    }
    return missing;
  }

  async #encrypt(
    unit: Unit,
    own: OwnAccount,
    pinned: PinnedDevice,
    { deviceId, registrationId }: ManifestDevice,
    content: Uint8Array,
  ): Promise<Attempt['bodies'][number]> {
    const { kind, ciphertext } = await this.#sessions.encrypt(unit, own, pinned, content);
    return { deviceId, registrationId, kind, ciphertext: ciphertext as Uint8Array<ArrayBuffer> };
  }

  async #queue(
    unit: Unit,
    contact: ContactEntry,
    content: Uint8Array,
    messageSeq: number | null,
    resentTo?: DeviceId[],
  ): Promise<void> {
    const waits = await hasUnencrypted(unit, contact.statement.accountId);
    const entry = await appendOutbox(unit, {
      recipient: contact.statement.accountId,
      content: content as Uint8Array<ArrayBuffer>,
      messageSeq,
      ...outboxTimes(this.#clocks()),
      attempt: null,
      resentTo,
    });
    if (waits || (await this.stageAttempt(unit, entry, contact))) leaveUnencrypted(unit, entry);
    unit.afterCommit(() => {
      this.#onQueued(entry);
    });
  }

  #encode(
    own: OwnAccount,
    contact: ContactEntry,
    id: MessageId,
    body: ContentBody,
    sentAt = this.#host.clock.now(),
  ): Uint8Array {
    return encodeContent({
      id,
      sentAt,
      manifest: {
        version: own.manifest.version,
        hash: manifestHash(own.manifest) as Uint8Array<ArrayBuffer>,
      },
      ...(!contact.heard && { contactCode: shownContactCode(own) }),
      ...body,
    });
  }

  #newId(): MessageId {
    return messageId.parse(randomToken(this.#host.random));
  }
}
