/**
 * What is said of backups over a port, inside its frames: calls and their answers, and pieces of an archive, each
 * asked for before it is sent. Checked by the side that hears it.
 */
import * as z from 'zod/mini';
import type { MessengerBackup } from '../messenger-api.js';
import { timestampMs } from '../wire/index.js';
import { failureValue } from './failures.js';
import { bytes, recordKey, shortText } from './values.js';

/** The largest piece of an archive that crosses at once. */
export const maxPieceBytes = 1024 * 1024;
/** The largest value of a setting that crosses: more than an archive takes, which refuses by itself. */
const maxSettingBytes = 1024 * 1024;

type Answer<Method extends keyof MessengerBackup> = Awaited<ReturnType<MessengerBackup[Method]>>;

const count = z.int().check(z.minimum(0));
const nothing = z.undefined();

const secret = z.union([z.strictObject({ recoveryKey: shortText }), z.strictObject({ password: shortText })]);
const secretInput = z.strictObject({ secret });
const settings = z.record(recordKey, bytes(maxSettingBytes));
const contents = z.strictObject({ messages: z.optional(z.boolean()), records: z.optional(z.boolean()) });
const createInput = z.strictObject({
  secret,
  include: z.optional(contents),
  settings: z.optional(settings),
});

const kdf = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('pbkdf2-sha-256'), iterations: count }),
  z.strictObject({ name: z.literal('argon2id'), memoryKib: count, passes: count }),
]);
const summary: z.core.$ZodType<Answer<'inspect'>> = z.strictObject({
  version: z.literal(1),
  secretKind: z.enum(['recovery-key', 'password']),
  kdf,
  createdAt: timestampMs,
  headerBytes: count,
  chunkBytes: count,
});
const totals: z.core.$ZodType<Answer<'verify'>> = z.strictObject({
  contacts: count,
  conversations: count,
  messages: count,
  tombstones: count,
  settings: count,
  applicationRecords: count,
  unknown: count,
});
const restored: z.core.$ZodType<Answer<'restore'>> = z.strictObject({
  createdAt: timestampMs,
  contacts: count,
  messages: count,
  expired: count,
});

/** The name of a method. */
export type BackupMethod = keyof MessengerBackup;

/**
 * What each method takes besides a stream and a run, what it answers besides a stream, and which way the archive
 * goes: to the messenger, from it, or nowhere.
 */
export const backupMethods = {
  createRecoveryKey: { takes: nothing, answers: shortText, archive: 'none' },
  settings: { takes: nothing, answers: settings, archive: 'none' },
  create: { takes: createInput, answers: nothing, archive: 'from' },
  inspect: { takes: nothing, answers: summary, archive: 'to' },
  verify: { takes: secretInput, answers: totals, archive: 'to' },
  restore: { takes: secretInput, answers: restored, archive: 'to' },
} as const satisfies Record<BackupMethod, object>;

const progress = z.strictObject({
  phase: z.enum(['key', 'content']),
  bytes: count,
  messages: count,
  messagesTotal: z.optional(z.union([count, nothing])),
});

/** What both sides say of an archive. */
const pieces = [
  /** The next piece, please. */
  z.strictObject({ type: z.literal('pull') }),
  z.strictObject({ type: z.literal('piece'), piece: bytes(maxPieceBytes) }),
  /** There are no more. */
  z.strictObject({ type: z.literal('end') }),
] as const;

/** What the side without the messenger says. */
export const archiveAsked = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('call'),
    method: z.enum(Object.keys(backupMethods) as [BackupMethod, ...BackupMethod[]]),
    input: z.unknown(),
  }),
  ...pieces,
  /** Nothing more of this call is wanted. */
  z.strictObject({ type: z.literal('stop') }),
]);
/** See {@link archiveAsked}. */
export type ArchiveAsked = z.output<typeof archiveAsked>;

/** What the side with the messenger says. */
export const archiveTold = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('result'), value: z.unknown() }),
  z.strictObject({ type: z.literal('failure'), failure: failureValue }),
  z.strictObject({ type: z.literal('progress'), progress }),
  ...pieces,
]);
/** See {@link archiveTold}. */
export type ArchiveTold = z.output<typeof archiveTold>;
