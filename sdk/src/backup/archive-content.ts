/**
 * What an archive holds: its sections, one record each, as the program sees them (docs/backup-format.md).
 * Knows no byte of the file around them, no storage and no relay.
 */
import * as z from 'zod/mini';
import type { ContactEntry } from '../contacts/index.js';
import { messageId, type Message } from '../messages/index.js';
import { Secret } from '../secret.js';
import type { Unit } from '../unit/index.js';
import {
  accountId,
  accountStatement,
  deviceId,
  deviceManifest,
  generation,
  jsonBytes,
  registrationId,
  storeSeq,
  timestampMs,
  username,
} from '../wire/index.js';

/** Numbers of the section types. Those that are reserved or not listed are kept and given back as they are. */
export const sectionTypes = {
  begin: 1,
  identity: 2,
  contact: 3,
  conversation: 4,
  message: 5,
  tombstone: 6,
  setting: 7,
  applicationRecord: 8,
  /** Reserved. */
  group: 9,
  /** Reserved. */
  attachment: 10,
  /** Reserved. */
  conversationTimer: 11,
  end: 255,
} as const;

const count = z.int().check(z.minimum(0));

/** The first section: what state of which device this is. */
export const archiveBeginSchema = z.strictObject({
  /** By the clock of the device, milliseconds since the Unix epoch. */
  createdAt: timestampMs,
  /** How many commits the storage had seen. */
  storeSeq,
  /** How many messages follow at most: for a progress bar, not for allocating anything. */
  messages: count,
});
/** See {@link archiveBeginSchema}. */
export type ArchiveBegin = z.output<typeof archiveBeginSchema>;

const secretKey = z.codec(jsonBytes({ min: 32, max: 32 }), z.instanceof(Secret), {
  decode: (bytes) => new Secret(bytes),
  encode: (secret) => secret.expose() as Uint8Array<ArrayBuffer>,
});

/**
 * The second section: the account, and the device that was backed up. Neither its sessions nor its pre-keys,
 * its device auth key or its tokens: the device that takes its place makes its own.
 */
export const archiveIdentitySchema = z.strictObject({
  accountId,
  username,
  relayId: z.string().check(z.maxLength(256)),
  /** Owned by whoever reads the archive, who wipes it. */
  identityPrivateKey: secretKey,
  statement: accountStatement,
  /** The highest manifest the device had. */
  manifest: deviceManifest,
  /** All 16 characters. */
  contactCode: z.string().check(z.maxLength(16)),
  /** The device that was backed up. */
  deviceId,
  registrationId,
  /** How often it had begun anew. */
  generation,
  /** The engine it ran with: nothing in an archive depends on it. */
  engine: z.string().check(z.maxLength(64)),
});
/** See {@link archiveIdentitySchema}. */
export type ArchiveIdentity = z.output<typeof archiveIdentitySchema>;

/** A conversation; its messages follow. */
export const archiveConversationSchema = z.strictObject({
  conversationId: accountId,
  nextSeq: z.int().check(z.minimum(1)),
  readSeq: count,
  changedAt: timestampMs,
});
/** See {@link archiveConversationSchema}. */
export type ArchiveConversation = z.output<typeof archiveConversationSchema>;

/** A message that was deleted or has expired: its place stays empty, and a late copy of it takes no effect. */
export const archiveTombstoneSchema = z.strictObject({
  conversationId: accountId,
  seq: z.int().check(z.minimum(1)),
  sender: accountId,
  id: messageId,
});
/** See {@link archiveTombstoneSchema}. */
export type ArchiveTombstone = z.output<typeof archiveTombstoneSchema>;

/** The last section: what went before it. Whatever differs was not written by whoever wrote this. */
export const archiveTotalsSchema = z.strictObject({
  contacts: count,
  conversations: count,
  messages: count,
  tombstones: count,
  settings: count,
  applicationRecords: count,
  /** Sections of types that this version does not know. */
  unknown: count,
});
/** See {@link archiveTotalsSchema}. */
export type ArchiveTotals = z.output<typeof archiveTotalsSchema>;

/** One section, in the order of the archive: `begin`, `identity`, then the others, then `end`. */
export type ArchiveSection =
  | { readonly type: 'begin'; readonly begin: ArchiveBegin }
  | { readonly type: 'identity'; readonly identity: ArchiveIdentity }
  | { readonly type: 'contact'; readonly contact: ContactEntry }
  | { readonly type: 'conversation'; readonly conversation: ArchiveConversation }
  | {
      readonly type: 'message';
      readonly message: Message;
      /** When it has to be gone, milliseconds since the Unix epoch; `null` for never. */
      readonly expiresAt: number | null;
    }
  | { readonly type: 'tombstone'; readonly tombstone: ArchiveTombstone }
  | { readonly type: 'setting'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'applicationRecord'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'unknown'; readonly number: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly totals: ArchiveTotals };

/** What an archive is encrypted for: a recovery key as {@link createRecoveryKey} makes one, or a password the user chose. */
export type BackupSecret =
  | { readonly recoveryKey: string; readonly password?: never }
  | { readonly password: string; readonly recoveryKey?: never };

/** How far a create, verify or restore has come. */
export interface BackupProgress {
  readonly phase: 'key' | 'content';
  /** Bytes of the archive written or read so far. */
  readonly bytes: number;
  /** Messages among them. */
  readonly messages: number;
  /** How many messages there are at most, once that is known. */
  readonly messagesTotal: number | undefined;
}

/** How to follow and stop a create, verify or restore. */
export interface BackupRun {
  /** Called now and then, no more than once per chunk of the archive. */
  readonly onProgress?: (progress: BackupProgress) => void;
  /**
   * Stops it with the signal's reason; the device stays as it was. A restore that has read all of its archive and
   * asks the relay for the other device's place is not stopped any more.
   */
  readonly signal?: AbortSignal;
}

/**
 * What `stageRestore` hands to whoever activates the account. Until the unit it is activated in is committed,
 * nothing of what was staged counts: the next start, or the next restore, clears it away.
 */
export interface StagedRestore {
  readonly begin: ArchiveBegin;
  /** Its private key belongs to the caller, who wipes it. */
  readonly identity: ArchiveIdentity;
  readonly totals: ArchiveTotals;
  /** Messages that were not restored because their time was over. */
  readonly expired: number;
  /** Messages that were not restored because this version cannot keep the time at which they have to be gone. */
  readonly leftOut: number;
  /** Stages, in the unit that writes the account, that what was staged is what the device holds from now on. */
  activate(unit: Unit): void;
}
