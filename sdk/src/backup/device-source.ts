/**
 * What of a device goes into an archive, read from a snapshot of its storage: everything the user has, nothing
 * that a second device could use a key twice with. Knows no bytes of the file.
 */
import type * as z from 'zod/mini';
import { ownAccountKey, ownAccountRecord } from '../account/index.js';
import { concatBytes } from '../bytes.js';
import { contactPrefix, contactRecord } from '../contacts/index.js';
import { continuityKey, continuityRecord, noContinuity } from '../continuity/index.js';
import { SottoError } from '../errors.js';
import {
  applicationSpace,
  conversationPrefix,
  conversationRecord,
  messageId,
  messageIdPrefix,
  messageKey,
  messagePrefix,
  messageRecord,
  messageSeqRecord,
} from '../messages/index.js';
import type { Clock } from '../ports/host.js';
import type { Writer } from '../unit/index.js';
import { accountId as accountIdSchema, type AccountId } from '../wire/index.js';
import type { ArchiveConversation, ArchiveIdentity, ArchiveSection } from './archive-content.js';
import type { ArchivePiece, ArchiveSource } from './archive-writer.js';
import { ContentRules } from './content-rules.js';
import { keptPrefix, readKeptSection, settingPrefix } from './kept-sections.js';
import { encodeMessage, encodeSection } from './section-codec.js';
import { Snapshot } from './snapshot.js';

/** What goes into an archive besides identity, contacts and trust, which always do. */
export interface BackupContents {
  /** Conversations and their messages; they do unless this is `false`. */
  readonly messages?: boolean;
  /** What handlers have written with `unit.put`; it does unless this is `false`. */
  readonly records?: boolean;
}

/** Small values of the application by name, which a restored device gives back. */
export type BackupSettings = Readonly<Record<string, Uint8Array>>;

/** Messages read in one round trip. */
const messagesPerRead = 256;
/** Sections joined into one piece before they are sealed. */
const maxPieceBytes = 64 * 1024;

const snapshotPrefixes = [
  contactPrefix,
  conversationPrefix,
  messagePrefix,
  messageIdPrefix,
  applicationSpace,
  settingPrefix,
  keptPrefix,
];

interface Parts {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly contents: BackupContents;
  readonly settings: BackupSettings;
}

/**
 * Takes a snapshot of a device.
 * @throws SottoError `not-registered`, `storage-corrupt`
 */
export async function deviceSource(parts: Parts): Promise<ArchiveSource> {
  const { writer, clock, contents } = parts;
  const identity = await readIdentity(writer);
  let snapshot: Snapshot | undefined;
  const close = () => {
    snapshot?.close();
    identity.identityPrivateKey.wipe();
  };
  try {
    snapshot = await Snapshot.take(writer, snapshotPrefixes);
    const storeSeq = writer.storeSeq;
    const conversations = contents.messages === false ? [] : await readConversations(snapshot);
    const messages = conversations.reduce((sum, { nextSeq }) => sum + nextSeq - 1, 0);
    const begin = { createdAt: clock.now(), storeSeq, messages };
    const reading = new DeviceReading({ ...parts, snapshot, conversations });
    return {
      messages,
      pieces: () => reading.pieces({ type: 'begin', begin }, { type: 'identity', identity }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The private key is a copy, wiped with the source. */
async function readIdentity(writer: Writer): Promise<ArchiveIdentity> {
  const account = await writer.read(ownAccountKey, ownAccountRecord);
  if (account?.state !== 'open') throw new SottoError('not-registered');
  const { generation } = (await writer.read(continuityKey, continuityRecord)) ?? noContinuity;
  const { accountId, username, relayId, identityPrivateKey, statement, manifest } = account;
  const { contactCode, deviceId, registrationId } = account;
  account.deviceAuthSeed.wipe();
  const engine = account.engine?.name ?? 'libsignal';
  return {
    ...{ accountId, username, relayId, identityPrivateKey, statement, manifest },
    ...{ contactCode, deviceId, registrationId, generation, engine },
  };
}

/** In memory, a hundred bytes each: a list of a storage may give a pair twice, and messages must not come twice. */
async function readConversations(snapshot: Snapshot): Promise<ArchiveConversation[]> {
  const found = new Map<string, ArchiveConversation>();
  for await (const { key, value } of snapshot.list(conversationPrefix)) {
    const conversationId = partOfKey(accountIdSchema, key.slice(conversationPrefix.length));
    found.set(key, { conversationId, ...conversationRecord.decode(value) });
  }
  return [...found.values()];
}

/** @throws SottoError `storage-corrupt`, which quotes nothing */
function partOfKey<Value>(schema: z.ZodMiniType<Value>, part: string | undefined): Value {
  const { success, data } = schema.safeParse(part);
  if (!success) throw new SottoError('storage-corrupt');
  return data;
}

class DeviceReading {
  readonly #parts: Parts & { snapshot: Snapshot; conversations: readonly ArchiveConversation[] };
  /** The same rules as a reader's, so that what cannot be read is not written. */
  readonly #rules = new ContentRules();

  constructor(parts: Parts & { snapshot: Snapshot; conversations: readonly ArchiveConversation[] }) {
    this.#parts = parts;
  }

  async *pieces(...first: readonly ArchiveSection[]): AsyncGenerator<ArchivePiece, void> {
    const joiner = new PieceJoiner();
    for (const section of first) joiner.add(this.#encode(section), 0);
    for await (const { bytes, messages } of this.#content()) {
      joiner.add(bytes, messages);
      if (joiner.isFull) yield joiner.take();
    }
    joiner.add(this.#encode({ type: 'end', totals: this.#rules.totals }), 0);
    yield joiner.take();
  }

  async *#content(): AsyncGenerator<ArchivePiece, void> {
    const { contents } = this.#parts;
    for await (const section of this.#contacts()) yield { bytes: this.#encode(section), messages: 0 };
    for (const conversation of this.#parts.conversations) yield* this.#conversation(conversation);
    for await (const section of this.#settings()) yield { bytes: this.#encode(section), messages: 0 };
    if (contents.records !== false) {
      for await (const section of this.#records()) yield { bytes: this.#encode(section), messages: 0 };
    }
    for await (const section of this.#kept()) yield { bytes: this.#encode(section), messages: 0 };
  }

  #encode(section: ArchiveSection): Uint8Array {
    this.#rules.check(section);
    return encodeSection(section);
  }

  async *#contacts(): AsyncGenerator<ArchiveSection, void> {
    const seen = new Set<string>();
    for await (const { key, value } of this.#parts.snapshot.list(contactPrefix)) {
      if (seen.has(key)) continue;
      seen.add(key);
      yield { type: 'contact', contact: contactRecord.decode(value) };
    }
  }

  async *#conversation(conversation: ArchiveConversation): AsyncGenerator<ArchivePiece, void> {
    yield { bytes: this.#encode({ type: 'conversation', conversation }), messages: 0 };
    const { conversationId, nextSeq } = conversation;
    const missing = new Set<number>();
    for (let seq = 1; seq < nextSeq; seq += messagesPerRead) {
      const count = Math.min(messagesPerRead, nextSeq - seq);
      const keys = Array.from({ length: count }, (_, index) => messageKey(conversationId, seq + index));
      const rows: Uint8Array[] = [];
      for (const [index, stored] of (await this.#parts.snapshot.get(keys)).entries()) {
        if (stored) rows.push(this.#message(stored));
        else missing.add(seq + index);
      }
      yield { bytes: concatBytes(...rows), messages: rows.length };
    }
    if (missing.size > 0) yield* this.#tombstones(conversationId, missing);
  }

  /** Of messages that are gone the ids are left. */
  async *#tombstones(conversationId: AccountId, missing: Set<number>): AsyncGenerator<ArchivePiece, void> {
    const prefix = `${messageIdPrefix}${conversationId}/`;
    for await (const { key, value } of this.#parts.snapshot.list(prefix)) {
      const { seq } = messageSeqRecord.decode(value);
      if (!missing.delete(seq)) continue;
      const [sender, id] = key.slice(prefix.length).split('/');
      const tombstone = {
        conversationId,
        seq,
        sender: partOfKey(accountIdSchema, sender),
        id: partOfKey(messageId, id),
      };
      yield { bytes: this.#encode({ type: 'tombstone', tombstone }), messages: 1 };
    }
  }

  /** Read, so that nothing corrupt gets into an archive; written as it is stored. */
  #message(stored: Uint8Array): Uint8Array {
    this.#rules.check({ type: 'message', message: messageRecord.decode(stored), expiresAt: null });
    return encodeMessage(stored, null);
  }

  async *#settings(): AsyncGenerator<ArchiveSection, void> {
    const { snapshot, settings } = this.#parts;
    for (const [key, value] of Object.entries(settings)) yield { type: 'setting', key, value };
    for await (const { key, value } of snapshot.list(settingPrefix)) {
      const name = key.slice(settingPrefix.length);
      if (!Object.hasOwn(settings, name)) yield { type: 'setting', key: name, value };
    }
  }

  async *#records(): AsyncGenerator<ArchiveSection, void> {
    for await (const { key, value } of this.#parts.snapshot.list(applicationSpace)) {
      yield { type: 'applicationRecord', key: key.slice(applicationSpace.length), value };
    }
  }

  async *#kept(): AsyncGenerator<ArchiveSection, void> {
    for await (const { value } of this.#parts.snapshot.list(keptPrefix)) {
      yield { type: 'unknown', ...readKeptSection(value) };
    }
  }
}

/** Sections come by the hundred bytes, and are sealed by the hundred thousand. */
class PieceJoiner {
  #parts: Uint8Array[] = [];
  #length = 0;
  #messages = 0;

  get isFull(): boolean {
    return this.#length >= maxPieceBytes;
  }

  add(bytes: Uint8Array, messages: number): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    this.#messages += messages;
  }

  take(): ArchivePiece {
    const piece = { bytes: concatBytes(...this.#parts), messages: this.#messages };
    this.#parts = [];
    this.#length = 0;
    this.#messages = 0;
    return piece;
  }
}
