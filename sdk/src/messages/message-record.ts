/** Messages and conversations as the device keeps them. A conversation with one account has that account's id. */
import * as z from 'zod/mini';
import { defineRecord } from '../unit/index.js';
import { accountId, timestampMs, type AccountId } from '../wire/index.js';
import { messageId, type MessageId } from './content.js';

/** What has become of a message. */
const messageStatus = z.enum(['received', 'pending', 'sent', 'delivered', 'failed']);
/** What has become of a message. `pending` — not at the relay yet; `sent` — durable there; `delivered` — has taken effect on a device of the contact. */
export type MessageStatus = z.output<typeof messageStatus>;

export const messageSchema = z.strictObject({
  id: messageId,
  conversationId: accountId,
  /** Dense per conversation, from 1, in the order messages took effect here. */
  seq: z.int().check(z.minimum(1)),
  sender: accountId,
  /** By the sender's clock, never later than `receivedAt`. */
  sentAt: timestampMs,
  /** When it took effect here, by this device's clock. */
  receivedAt: timestampMs,
  status: messageStatus,
  /** The error code, with `failed`. */
  failure: z.nullable(z.string()),
  /** From a stranger whose request was not accepted at the time. */
  request: z.boolean(),
  body: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('text'), text: z.string() }),
    /** A type this version does not know: kept for one that does, never acted upon. */
    z.strictObject({ kind: z.literal('unsupported'), type: z.string(), json: z.string() }),
  ]),
});
/** A message of a conversation. Times are milliseconds since the Unix epoch. */
export type Message = z.output<typeof messageSchema>;

export const messageRecord = defineRecord(1, messageSchema);

export const conversationRecord = defineRecord(
  1,
  z.strictObject({
    nextSeq: z.int().check(z.minimum(1)),
    /** Everything up to this `seq` has been read here. */
    readSeq: z.int().check(z.minimum(0)),
    /** When the last message took effect here. */
    changedAt: timestampMs,
  }),
);

export const messageSeqRecord = defineRecord(1, z.strictObject({ seq: z.int().check(z.minimum(1)) }));

export const conversationPrefix = 'conversation/';

export function conversationKey(conversation: AccountId): string {
  return conversationPrefix + conversation;
}

export const messagePrefix = 'message/';

export function messageKey(conversation: AccountId, seq: number): string {
  return `${messagePrefix}${conversation}/${seq}`;
}

export const messageIdPrefix = 'message-id/';

/** Messages are (authenticated sender, id): this index finds one and makes a second one a duplicate. */
export function messageIdKey(conversation: AccountId, sender: AccountId, id: MessageId): string {
  return `${messageIdPrefix}${conversation}/${sender}/${id}`;
}
