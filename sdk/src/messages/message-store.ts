/** Rows of messages inside units of work, and pages of them outside. Knows no session and no relay. */
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { Unit, Writer } from '../unit/index.js';
import { accountId as accountIdSchema, type AccountId } from '../wire/index.js';
import type { MessageId } from './content.js';
import {
  conversationKey,
  conversationPrefix,
  conversationRecord,
  messageIdKey,
  messageKey,
  messageRecord,
  messageSeqRecord,
  type Message,
} from './message-record.js';

/** A conversation in a list. */
export interface Conversation {
  /** The other account. */
  readonly id: AccountId;
  /** The newest message's `seq`; 0 where there is none. */
  readonly lastSeq: number;
  /** The newest message. */
  readonly lastMessage: Message | undefined;
  /** Messages after the last one read, own ones not counted apart. */
  readonly unreadCount: number;
  /** When it last changed, milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

/** Which page of a conversation. */
export interface MessagePage {
  /** Only messages with a smaller `seq`; without it the newest ones. */
  readonly beforeSeq?: number;
  /** 1 to 200; default 50. */
  readonly limit?: number;
}

const defaultPageLength = 50;
const emptyConversation = { nextSeq: 1, readSeq: 0, changedAt: 0 };

/** Stages a new message at the end of its conversation. @returns the row with its `seq` */
export async function appendMessage(unit: Unit, message: Omit<Message, 'seq'>): Promise<Message> {
  const { conversationId, sender, id } = message;
  const key = conversationKey(conversationId);
  const conversation = (await unit.read(key, conversationRecord)) ?? emptyConversation;
  const row: Message = { ...message, seq: conversation.nextSeq };
  const own = message.status === 'pending';
  unit.write(key, conversationRecord, {
    nextSeq: row.seq + 1,
    readSeq: own ? row.seq : conversation.readSeq,
    changedAt: message.receivedAt,
  });
  unit.write(messageKey(conversationId, row.seq), messageRecord, row);
  unit.write(messageIdKey(conversationId, sender, id), messageSeqRecord, { seq: row.seq });
  return row;
}

/** Finds a message by its sender and id. */
export async function findMessage(
  unit: Unit,
  conversation: AccountId,
  sender: AccountId,
  id: MessageId,
): Promise<Message | undefined> {
  const found = await unit.read(messageIdKey(conversation, sender, id), messageSeqRecord);
  return found && unit.read(messageKey(conversation, found.seq), messageRecord);
}

/** Whether a message took effect here once, the ones that are gone since included. */
export async function isKnownMessage(
  unit: Unit,
  conversation: AccountId,
  sender: AccountId,
  id: MessageId,
): Promise<boolean> {
  return (await unit.get(messageIdKey(conversation, sender, id))) !== undefined;
}

/** Stages a changed row. */
export function updateMessage(unit: Unit, message: Message): void {
  unit.write(messageKey(message.conversationId, message.seq), messageRecord, message);
}

/**
 * Whether a stranger has written as many messages as are kept of one. Nobody answers a request, so its
 * messages are the last ones of the conversation; what was said before it does not count.
 * @param since - when the request came, milliseconds since the Unix epoch
 */
export async function isRequestFull(unit: Unit, conversation: AccountId, since: number): Promise<boolean> {
  const head = (await unit.read(conversationKey(conversation), conversationRecord)) ?? emptyConversation;
  const seq = head.nextSeq - limits.maxMessagesPerRequest;
  const row = seq >= 1 ? await unit.read(messageKey(conversation, seq), messageRecord) : undefined;
  return row !== undefined && row.request && row.receivedAt >= since;
}

/**
 * The messages of a stranger's request, oldest first: no more than are kept of one.
 * @param since - when the request came, milliseconds since the Unix epoch
 */
export async function requestMessages(
  unit: Unit,
  conversation: AccountId,
  since: number,
): Promise<Message[]> {
  const head = (await unit.read(conversationKey(conversation), conversationRecord)) ?? emptyConversation;
  const rows = await unit.getMany(
    seqsBefore(head.nextSeq, limits.maxMessagesPerRequest).map((seq) => messageKey(conversation, seq)),
  );
  return rows
    .flatMap((row) => (row ? [messageRecord.decode(row)] : []))
    .filter((row) => row.sender === conversation && row.request && row.receivedAt >= since);
}

/** The `count` numbers before an end, or as many as there are. */
function seqsBefore(end: number, count: number): number[] {
  const start = Math.max(1, end - count);
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
}

/** Committed messages, for applications. */
export class MessageArchive {
  readonly #writer: Writer;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** One message. @throws SottoError `unknown-message` */
  async get(conversation: AccountId, seq: number): Promise<Message> {
    const message = await this.#writer.read(messageKey(conversation, seq), messageRecord);
    if (!message) throw new SottoError('unknown-message');
    return message;
  }

  /** A page, oldest first. */
  async page(
    conversation: AccountId,
    { beforeSeq, limit = defaultPageLength }: MessagePage,
  ): Promise<Message[]> {
    if (!Number.isInteger(limit) || limit < 1 || limit > limits.maxMessagesPerPage) {
      throw new TypeError('limit must be a whole number from 1 to 200');
    }
    const head =
      (await this.#writer.read(conversationKey(conversation), conversationRecord)) ?? emptyConversation;
    const end = Math.min(beforeSeq ?? head.nextSeq, head.nextSeq);
    const keys = seqsBefore(end, limit).map((seq) => messageKey(conversation, seq));
    const rows = await this.#writer.get(keys);
    return rows.filter((row) => row !== undefined).map((row) => messageRecord.decode(row));
  }

  /** All conversations, the one that changed last first. */
  async conversations(): Promise<Conversation[]> {
    const conversations: Conversation[] = [];
    for await (const { key, value } of this.#writer.list(conversationPrefix)) {
      const id = accountIdSchema.parse(key.slice(conversationPrefix.length));
      const { nextSeq, readSeq, changedAt } = conversationRecord.decode(value);
      const lastSeq = nextSeq - 1;
      const lastMessage = await this.#writer.read(messageKey(id, lastSeq), messageRecord);
      conversations.push({ id, lastSeq, lastMessage, unreadCount: lastSeq - readSeq, changedAt });
    }
    return conversations.sort((left, right) => right.changedAt - left.changedAt);
  }

  /** Marks everything up to a message as read here. Nobody else is told. */
  markRead(conversation: AccountId, seq: number): Promise<void> {
    return this.#writer.run(async (unit) => {
      const key = conversationKey(conversation);
      const head = await unit.read(key, conversationRecord);
      if (!head || seq >= head.nextSeq || seq < 1) throw new SottoError('unknown-message');
      unit.write(key, conversationRecord, { ...head, readSeq: Math.max(head.readSeq, seq) });
    });
  }
}
