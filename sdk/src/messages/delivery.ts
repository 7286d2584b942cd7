/**
 * One outbox entry on its way: sessions, attempt, transmission, and what the answer means. Decides
 * nothing about order and waiting; that is the sender's.
 */
import {
  assertMaySend,
  shownKeyOf,
  type ContactBook,
  type ContactEntry,
  type Directory,
} from '../contacts/index.js';
import { SottoError, isSottoError, type SottoErrorCode } from '../errors.js';
import type { JournalEvent } from '../journal-event.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { TransportConnection } from '../ports/transport.js';
import { lastResortCounts } from '../prekeys/index.js';
import type { SessionService } from '../sessions/index.js';
import type { AccountService } from '../account/index.js';
import { countUp, type Journal, type Unit, type Writer } from '../unit/index.js';
import type { AccountBundle, DeviceId, ManifestDevice, SendResponse } from '../wire/index.js';
import type { Composer } from './composer.js';
import { messageKey, messageRecord } from './message-record.js';
import { updateMessage } from './message-store.js';
import { timesFrom } from './outbox-age.js';
import {
  outboxKey,
  outboxRecord,
  removeOutbox,
  writeOutbox,
  type Attempt,
  type OutboxEntry,
} from './outbox.js';
import { logSent } from './send-log.js';
import type { Moment } from './moment.js';

type AcceptedSend = Extract<SendResponse, { kind: 'accepted' }>;
type DeviceMismatch = Extract<SendResponse, { kind: 'device-mismatch' }>;

/** Failures that end a message: trying again by itself would not help, or must not happen. */
const finalCodes: ReadonlySet<SottoErrorCode> = new Set<SottoErrorCode>([
  'unknown-contact',
  'contact-blocked',
  'contact-not-accepted',
  'identity-changed',
  'contact-trust-too-low',
  'send-expired',
  'statement-mismatch',
  'invalid-manifest',
  'manifest-rollback',
  'invalid-bundle',
  'invalid-key',
  'invalid-signature',
  'invalid-request',
  'payload-too-large',
  'idempotency-conflict',
  'not-found',
  'device-mismatch',
]);

/** See the header. */
export class Delivery {
  readonly #writer: Writer;
  readonly #account: AccountService;
  readonly #contacts: ContactBook;
  readonly #directory: Directory;
  readonly #sessions: SessionService;
  readonly #composer: Composer;
  readonly #journal: Journal<JournalEvent>;
  readonly #host: Host;
  readonly #clocks: () => Moment;

  constructor(parts: {
    writer: Writer;
    account: AccountService;
    contacts: ContactBook;
    directory: Directory;
    sessions: SessionService;
    composer: Composer;
    journal: Journal<JournalEvent>;
    host: Host;
    /** This moment by both clocks. */
    clocks: () => Moment;
  }) {
    this.#writer = parts.writer;
    this.#account = parts.account;
    this.#contacts = parts.contacts;
    this.#directory = parts.directory;
    this.#sessions = parts.sessions;
    this.#composer = parts.composer;
    this.#journal = parts.journal;
    this.#host = parts.host;
    this.#clocks = parts.clocks;
  }

  /**
   * Brings an entry to the relay, or to its typed end. Resolves when the entry is gone.
   * @throws SottoError for what passes by itself: the entry stays and is tried again
   */
  async deliver(connection: TransportConnection, seq: number): Promise<void> {
    const entry = await this.#writer.read(outboxKey(seq), outboxRecord);
    if (!entry) return;
    try {
      await this.#keepTime(entry);
      await this.#deliver(connection, entry);
    } catch (error) {
      if (!isSottoError(error) || !finalCodes.has(error.code)) throw error;
      await this.#fail(entry, error);
    }
  }

  /** Before it leaves the device it is known since when it waits. @throws SottoError `send-expired` */
  async #keepTime(entry: OutboxEntry): Promise<void> {
    const times = timesFrom(entry, this.#clocks());
    if (times === entry) return;
    await this.#writer.run(async (unit) => {
      const stored = await unit.read(outboxKey(entry.seq), outboxRecord);
      const { createdAt, relayCreatedAt, recountedAt } = times;
      if (stored) writeOutbox(unit, { ...stored, createdAt, relayCreatedAt, recountedAt });
    });
  }

  async #deliver(connection: TransportConnection, entry: OutboxEntry): Promise<void> {
    let contact = await this.#contactFor(entry);
    let attempt = entry.attempt ?? (await this.#prepare(entry, contact));
    for (let repairs = 0; attempt; repairs += 1) {
      const answer = await this.#transmit(connection, entry, attempt);
      if (answer.kind === 'accepted') return this.#accepted(entry, attempt, answer);
      if (repairs >= limits.maxDeviceRepairs) throw new SottoError('device-mismatch');
      contact = await this.#contacts.require(entry.recipient);
      attempt = await this.#repair(entry, attempt, contact, answer);
    }
  }

  async #contactFor(entry: OutboxEntry): Promise<ContactEntry> {
    const contact = await this.#contacts.require(entry.recipient);
    this.#assertMaySend(entry, contact);
    return contact;
  }

  /** What is no text, such as a receipt, needs no more trust than an open contact has. */
  #assertMaySend({ messageSeq }: OutboxEntry, contact: ContactEntry): void {
    if (messageSeq === null) assertMaySend(contact);
    else this.#composer.assertMaySendText(contact);
  }

  /** Starts the sessions that are missing and writes the attempt, in one unit. */
  async #prepare(entry: OutboxEntry, contact: ContactEntry): Promise<Attempt | undefined> {
    const missing = await this.#writer.run((unit) => this.#composer.missingSessions(unit, contact));
    const bundle = missing.length > 0 ? await this.#bundles(contact, missing) : undefined;
    return this.#writer.run((unit) => this.#encryptAnew(unit, entry, bundle, []));
  }

  /** The relay knows other devices than we do: learn them, keep the good ciphertexts, write a new attempt. */
  async #repair(
    entry: OutboxEntry,
    attempt: Attempt,
    contact: ContactEntry,
    mismatch: DeviceMismatch,
  ): Promise<Attempt | undefined> {
    const wanted = [...new Set([...mismatch.missing, ...mismatch.stale])];
    const bundle = await this.#bundles(contact, wanted);
    const bad = new Set<DeviceId>([...wanted, ...mismatch.extra]);
    const good = attempt.bodies.filter((body) => !bad.has(body.deviceId));
    return this.#writer.run((unit) => this.#encryptAnew(unit, entry, bundle, good));
  }

  async #encryptAnew(
    unit: Unit,
    entry: OutboxEntry,
    bundle: AccountBundle | undefined,
    keep: Attempt['bodies'],
  ): Promise<Attempt | undefined> {
    const stored = await unit.read(outboxKey(entry.seq), outboxRecord);
    const contact = await this.#contacts.read(unit, entry.recipient);
    if (!stored) return undefined;
    if (!contact) throw new SottoError('unknown-contact');
    this.#assertMaySend(entry, contact);
    const current = bundle ? await this.#startSessions(unit, contact, bundle) : contact;
    const missing = await this.#composer.stageAttempt(unit, stored, current, keep);
    // The relay did not hand out keys for every device of the manifest it shows.
    if (missing) throw new SottoError('keys-missing');
    return (await unit.read(outboxKey(entry.seq), outboxRecord))?.attempt ?? undefined;
  }

  async #startSessions(unit: Unit, contact: ContactEntry, bundle: AccountBundle): Promise<ContactEntry> {
    const own = await this.#account.require();
    const { accountId, identityKey } = contact.statement;
    const renewed = await this.#contacts.pinManifest(unit, contact, bundle.manifest);
    for (const device of bundle.devices) {
      const listed = renewed.manifest.devices.find(({ deviceId }) => deviceId === device.deviceId);
      if (listed?.registrationId !== device.registrationId) throw new SottoError('statement-mismatch');
      const address = { accountId, deviceId: device.deviceId };
      const { registrationId, signedPreKey, oneTimePreKey, kemPreKey, kemLastResort } = device;
      if (kemLastResort) await countUp(unit, lastResortCounts.begun);
      await this.#sessions.start(
        unit,
        own,
        { address, identityKey },
        { identityKey, registrationId, signedPreKey, kemPreKey, ...(oneTimePreKey && { oneTimePreKey }) },
      );
    }
    return renewed;
  }

  /** Bundles of the devices asked for, and of those that the relay's list has besides: some may have been replaced. */
  async #bundles(contact: ContactEntry, deviceIds: readonly DeviceId[]): Promise<AccountBundle> {
    const ask = (ids: readonly DeviceId[]) =>
      this.#reaching(contact, (token) => this.#directory.bundles(contact, token, ids));
    const first = await ask(deviceIds);
    const isKnown = ({ deviceId, registrationId }: ManifestDevice) =>
      contact.manifest.devices.some(
        (device) => device.deviceId === deviceId && device.registrationId === registrationId,
      );
    const unasked = first.manifest.devices
      .filter((device) => !deviceIds.includes(device.deviceId) && !isKnown(device))
      .map(({ deviceId }) => deviceId);
    if (unasked.length === 0) return first;
    const second = await ask(unasked);
    const listed = new Set(second.manifest.devices.map(({ deviceId }) => deviceId));
    const kept = first.devices.filter(({ deviceId }) => listed.has(deviceId));
    return { ...second, devices: [...kept, ...second.devices] };
  }

  async #transmit(
    connection: TransportConnection,
    { recipient }: OutboxEntry,
    attempt: Attempt,
  ): Promise<SendResponse> {
    const contact = await this.#contacts.require(recipient);
    return this.#reaching(contact, (reachToken) => {
      const { storeSeq } = this.#writer;
      return connection.send({ ...attempt, recipient, reachToken, storeSeq });
    });
  }

  /** Does something that needs a reach token, with a fresh introduction if the one we have is refused. */
  async #reaching<Result>(contact: ContactEntry, work: (token: string) => Promise<Result>): Promise<Result> {
    if (contact.reachToken) {
      try {
        return await work(contact.reachToken);
      } catch (error) {
        if (!isSottoError(error, 'introduction-required')) throw error;
      }
    }
    const token = await this.#directory.reintroduce(contact);
    await this.#writer.run((unit) => this.#keepToken(unit, contact, token));
    return work(token);
  }

  async #keepToken(unit: Unit, { statement }: ContactEntry, reachToken: string): Promise<void> {
    const contact = await this.#contacts.read(unit, statement.accountId);
    if (contact) this.#contacts.write(unit, { ...contact, reachToken });
  }

  #accepted(
    entry: OutboxEntry,
    attempt: Attempt,
    { deliveryToken, acceptedAt }: AcceptedSend,
  ): Promise<void> {
    return this.#writer.run(async (unit) => {
      // It may have been asked for again meanwhile.
      const stored = (await unit.read(outboxKey(entry.seq), outboxRecord)) ?? entry;
      await removeOutbox(unit, entry.seq);
      const contact = await this.#contacts.read(unit, entry.recipient);
      if (contact && contact.reachToken !== deliveryToken) {
        this.#contacts.write(unit, { ...contact, reachToken: deliveryToken });
      }
      const { messageSeq } = entry;
      if (messageSeq !== null) {
        const sentAt = this.#host.clock.now();
        logSent(unit, stored, attempt, { messageSeq, sentAt, acceptedAt });
      }
      await this.#setStatus(unit, entry, 'sent', null);
    });
  }

  #fail(entry: OutboxEntry, error: SottoError): Promise<void> {
    return this.#writer.run(async (unit) => {
      await removeOutbox(unit, entry.seq);
      const contact = await this.#contacts.read(unit, entry.recipient);
      const shown = shownKeyOf(error);
      if (contact && shown) await this.#contacts.noteOtherKey(unit, contact, shown);
      await this.#setStatus(unit, entry, 'failed', error.code);
    });
  }

  async #setStatus(
    unit: Unit,
    { recipient: conversationId, messageSeq }: OutboxEntry,
    status: 'sent' | 'failed',
    failure: SottoErrorCode | null,
  ): Promise<void> {
    if (messageSeq === null) return;
    const message = await unit.read(messageKey(conversationId, messageSeq), messageRecord);
    // A receipt may have overtaken the relay's answer.
    if (message?.status !== 'pending') return;
    updateMessage(unit, { ...message, status, failure });
    await this.#journal.append(unit, { type: 'message-status', conversationId, messageSeq });
  }
}
