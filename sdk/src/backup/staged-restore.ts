/**
 * Writes what an archive holds into a storage without an account, so that it counts at once or not at all: a
 * mark first, rows under it in bounded commits, and the mark is taken away by the very commit that writes the
 * account. Knows no file format and no relay.
 */
import * as z from 'zod/mini';
import { restoreMarkKey } from '../account/index.js';
import {
  contactKey,
  contactNameKey,
  contactNameRecord,
  contactPrefix,
  contactNamePrefix,
  contactRecord,
  type ContactEntry,
} from '../contacts/index.js';
import { SottoError } from '../errors.js';
import {
  applicationSpace,
  conversationKey,
  conversationPrefix,
  conversationRecord,
  messageIdKey,
  messageIdPrefix,
  messageKey,
  messagePrefix,
  messageRecord,
  messageSeqRecord,
  type Message,
} from '../messages/index.js';
import type { StorageChange } from '../ports/storage.js';
import { defineRecord, type RecordCodec, type Unit, type Writer } from '../unit/index.js';
import type {
  ArchiveBegin,
  ArchiveConversation,
  ArchiveIdentity,
  ArchiveSection,
  ArchiveTombstone,
  ArchiveTotals,
  StagedRestore,
} from './archive-content.js';
import { keptKey, keptPrefix, keptSection, settingPrefix } from './kept-sections.js';

/** A commit of a restore: large enough to be quick, small enough for any store and a phone's memory. */
const maxBatchChanges = 1_000;
const maxBatchBytes = 4 * 1024 * 1024;
/** Keys removed by one commit. */
const maxClearedKeys = 1_000;

const markRecord = defineRecord(1, z.strictObject({ startedAt: z.number() }));

/** Everything a restore may write, and nothing else. */
const stagedPrefixes = [
  contactPrefix,
  contactNamePrefix,
  conversationPrefix,
  messagePrefix,
  messageIdPrefix,
  applicationSpace,
  settingPrefix,
  keptPrefix,
] as const;

/**
 * Writes the sections of an archive into a storage that holds no account, contact, conversation or record.
 * What rejects leaves rows behind that count for nothing: call {@link discardStagedRestore} then.
 * @param parts - `now` is the time that decides what has expired: the relay's where it is known, milliseconds
 * since the Unix epoch
 * @throws SottoError `restore-not-empty`, and whatever reading the sections and the storage throw
 */
export async function stageRestore(
  parts: { readonly writer: Writer; readonly now: number },
  sections: AsyncIterable<ArchiveSection>,
): Promise<StagedRestore> {
  const { writer, now } = parts;
  await discardStagedRestore(writer);
  for (const prefix of stagedPrefixes) await assertEmpty(writer, prefix);
  await writer.run(async (unit) => {
    unit.write(restoreMarkKey, markRecord, { startedAt: now });
  });
  const stage = new Stage(writer, now);
  for await (const section of sections) await stage.take(section);
  return stage.finish();
}

/**
 * Clears away what a restore has left that was not completed. To be called whenever a storage is opened.
 * @returns whether there was something
 */
export async function discardStagedRestore(writer: Writer): Promise<boolean> {
  if (!(await writer.read(restoreMarkKey, markRecord))) return false;
  for (const prefix of stagedPrefixes) await clear(writer, prefix);
  await writer.run(async (unit) => {
    unit.delete(restoreMarkKey);
  });
  return true;
}

async function assertEmpty(writer: Writer, prefix: string): Promise<void> {
  for await (const entry of writer.list(prefix)) {
    if (entry) throw new SottoError('restore-not-empty');
  }
}

async function clear(writer: Writer, prefix: string): Promise<void> {
  for (;;) {
    const keys: string[] = [];
    for await (const { key } of writer.list(prefix)) {
      keys.push(key);
      if (keys.length >= maxClearedKeys) break;
    }
    if (keys.length === 0) return;
    await writer.run(async (unit) => {
      for (const key of keys) unit.delete(key);
    });
  }
}

class Stage {
  readonly #writer: Writer;
  readonly #now: number;
  #batch: StorageChange[] = [];
  #batchBytes = 0;
  #begin: ArchiveBegin | undefined;
  #identity: ArchiveIdentity | undefined;
  #totals: ArchiveTotals | undefined;
  #expired = 0;
  #leftOut = 0;
  #kept = 0;

  constructor(writer: Writer, now: number) {
    this.#writer = writer;
    this.#now = now;
  }

  async take(section: ArchiveSection): Promise<void> {
    this.#stage(section);
    if (this.#batch.length >= maxBatchChanges || this.#batchBytes >= maxBatchBytes) await this.#flush();
  }

  async finish(): Promise<StagedRestore> {
    await this.#flush();
    const [begin, identity, totals] = [this.#begin, this.#identity, this.#totals];
    if (!begin || !identity || !totals) throw new SottoError('backup-content-invalid');
    const activate = (unit: Unit) => {
      unit.delete(restoreMarkKey);
    };
    return { begin, identity, totals, expired: this.#expired, leftOut: this.#leftOut, activate };
  }

  #stage(section: ArchiveSection): void {
    switch (section.type) {
      case 'begin':
        this.#begin = section.begin;
        return;
      case 'identity':
        this.#identity = section.identity;
        return;
      case 'contact':
        this.#stageContact(section.contact);
        return;
      case 'conversation':
        this.#stageConversation(section.conversation);
        return;
      case 'message':
        this.#stageMessage(section.message, section.expiresAt);
        return;
      case 'tombstone':
        this.#stageTombstone(section.tombstone);
        return;
      case 'setting':
        this.#put(settingPrefix + section.key, section.value);
        return;
      case 'applicationRecord':
        this.#put(applicationSpace + section.key, section.value);
        return;
      case 'unknown':
        this.#put(keptKey(this.#kept), keptSection(section));
        this.#kept += 1;
        return;
      case 'end':
        this.#totals = section.totals;
    }
  }

  /** Nothing of a contact's sessions and of its quarantine is in an archive, so nothing about them is kept. */
  #stageContact(contact: ContactEntry): void {
    const { accountId, username } = contact.statement;
    const entry = { ...contact };
    delete entry.draining;
    delete entry.renewals;
    delete entry.resends;
    this.#write(contactKey(accountId), contactRecord, entry);
    this.#write(contactNameKey(username), contactNameRecord, { accountId });
  }

  #stageConversation({ conversationId, ...head }: ArchiveConversation): void {
    this.#write(conversationKey(conversationId), conversationRecord, head);
  }

  /**
   * What still had to be sent was perhaps sent since, by the device that is lost: it is said to have failed, and
   * is sent again, under its id, if the user wants it. A time of expiry cannot be kept here, so that a message
   * with one is not either.
   */
  #stageMessage(message: Message, expiresAt: number | null): void {
    const { conversationId, seq, sender, id, status } = message;
    if (expiresAt !== null) {
      if (expiresAt <= this.#now) this.#expired += 1;
      else this.#leftOut += 1;
      this.#stageTombstone({ conversationId, seq, sender, id });
      return;
    }
    const restored: Message =
      status === 'pending' ? { ...message, status: 'failed', failure: 'restored-unsent' } : message;
    this.#write(messageKey(conversationId, seq), messageRecord, restored);
    this.#write(messageIdKey(conversationId, sender, id), messageSeqRecord, { seq });
  }

  #stageTombstone({ conversationId, sender, id, seq }: ArchiveTombstone): void {
    this.#write(messageIdKey(conversationId, sender, id), messageSeqRecord, { seq });
  }

  #write<Value>(key: string, codec: RecordCodec<Value>, value: Value): void {
    this.#put(key, codec.encode(value));
  }

  #put(key: string, value: Uint8Array): void {
    this.#batch.push({ key, value });
    this.#batchBytes += key.length + value.length;
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (batch.length === 0) return;
    await this.#writer.run(async (unit) => {
      for (const { key, value } of batch) if (value) unit.put(key, value);
    });
  }
}
