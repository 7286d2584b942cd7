/**
 * What crosses a port, as schemas: everything a messenger takes, answers and tells. Strict on both sides, so that
 * nothing that is not meant to be seen comes along, and byte strings are copied, so that what lies beside them in
 * memory does not. A type test holds each against the type it stands for.
 */
import * as z from 'zod/mini';
import { limits } from '../limits.js';
import type { MessengerCounters, SupportBundle } from '../messenger-api.js';
import { accountId, deviceId, timestampMs, username } from '../wire/index.js';

/** Characters of names, codes, links and digits that a user enters; more fits none of them. */
const maxShortText = 4_096;
/** Bytes of a stored value: the storage port's bound. */
const maxValueBytes = 16 * 1024 * 1024;
/** Characters of a key: the storage port's bound, and room for a wrong one to be refused by the storage. */
const maxKeyLength = 1_024;

/** Byte strings of at most so many bytes, copied out of whatever buffer they lie in. */
export function bytes(maxBytes: number) {
  return z.pipe(
    z.instanceof(Uint8Array).check(z.refine((value) => value.length <= maxBytes)),
    z.transform((value: Uint8Array<ArrayBuffer>): Uint8Array => new Uint8Array(value)),
  );
}

const identityKey = bytes(33);
const positive = z.int().check(z.minimum(1));
export const shortText = z.string().check(z.maxLength(maxShortText));
export const seq = z.int();
export const empty = z.undefined();
export { accountId };

export const pendingReset = z.strictObject({ requestedAt: timestampMs, completesAt: timestampMs });

export const ownProfile = z.strictObject({
  accountId,
  username,
  deviceId,
  contactCode: shortText,
  identityKey,
});

export const resetState = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('waiting'), retryAfterMs: z.number() }),
  z.strictObject({ state: z.literal('done'), profile: ownProfile }),
]);

export const registrationInput = z.strictObject({ username: shortText, password: shortText });

export const signOutOptions = z.strictObject({ deleteAccount: z.optional(z.boolean()) });

export const contact = z.strictObject({
  accountId,
  username,
  relation: z.enum(['accepted', 'request', 'blocked']),
  trust: z.enum(['unverified', 'code-checked', 'verified', 'changed']),
  identityKey,
  addedAt: z.number(),
});

export const contactShare = z.strictObject({ contactCode: shortText, qrPayload: shortText, link: shortText });

export const contactShareOptions = z.strictObject({ page: z.optional(shortText) });

export const fingerprint = z.strictObject({ displayable: shortText, scannable: bytes(maxShortText) });

export const safetyNumberComparison = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('compared') }),
  z.strictObject({ kind: z.literal('digits'), digits: shortText }),
  z.strictObject({ kind: z.literal('scanned'), scannable: bytes(maxShortText) }),
]);

export const messageId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{21}[AQgw]$/))
  .brand<'MessageId'>();

export const message = z.strictObject({
  id: messageId,
  conversationId: accountId,
  seq: positive,
  sender: accountId,
  sentAt: timestampMs,
  receivedAt: timestampMs,
  status: z.enum(['received', 'pending', 'sent', 'delivered', 'failed']),
  failure: z.nullable(z.string()),
  request: z.boolean(),
  body: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('text'), text: z.string() }),
    z.strictObject({ kind: z.literal('unsupported'), type: z.string(), json: z.string() }),
  ]),
});

export const outgoingText = z.strictObject({ text: z.string().check(z.maxLength(limits.maxContentBytes)) });

export const sendOptions = z.strictObject({ id: z.optional(messageId) });

export const messagePage = z.strictObject({
  beforeSeq: z.optional(z.int()),
  limit: z.optional(z.int()),
});

export const conversation = z.strictObject({
  id: accountId,
  lastSeq: z.int().check(z.minimum(0)),
  lastMessage: z.union([message, z.undefined()]),
  unreadCount: z.int(),
  changedAt: timestampMs,
});

export const recordKey = z.string().check(z.maxLength(maxKeyLength));
export const recordKeys = z.array(recordKey).check(z.maxLength(limits.maxRemoteKeys));
export const recordValue = bytes(maxValueBytes);
export const recordValues = z.array(z.optional(recordValue));
export const recordEntry = z.strictObject({ key: recordKey, value: recordValue });

export const connectionState = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('connecting') }),
  z.strictObject({ kind: z.literal('online'), relayTime: z.number() }),
  z.strictObject({ kind: z.literal('offline'), retryInMs: z.number() }),
  z.strictObject({ kind: z.literal('replaced') }),
  z.strictObject({ kind: z.literal('closed') }),
]);

/** Deepest is what stands in a list of a part of a bundle. */
const maxPlainDepth = 4;

/** Numbers, short texts and nothing else, in lists and objects. */
function isPlain(value: unknown, depth = maxPlainDepth): boolean {
  if (typeof value === 'string') return value.length <= maxShortText;
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'function' && typeof value !== 'symbol';
  return depth > 0 && Object.values(value).every((item) => isPlain(item, depth - 1));
}

/** What is for people to read: its names are the messenger's own, and no code depends on them. */
export const counters = z.custom<MessengerCounters>((value) => isPlain(value));
export const supportBundle = z.custom<SupportBundle>((value) => isPlain(value));
