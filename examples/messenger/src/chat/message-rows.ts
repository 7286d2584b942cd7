/** How a message stands among its neighbours: which day begins with it, and whether it goes on a group. Pure. */
import type { Message } from '@sotto/sdk';
import { isOwn } from '../conversations/preview.js';
import { isSameDay } from '../text/times.js';

/** Messages of one person within this time are one group. */
const groupMs = 5 * 60 * 1000;

/** A row of the list. */
export interface MessageRow {
  readonly seq: number;
  /** Absent while it is read. */
  readonly message: Message | undefined;
  readonly isOwn: boolean;
  /** The first of its day. */
  readonly startsDay: boolean;
  /** The first of its group. */
  readonly startsGroup: boolean;
  /** The first that was not read when the conversation was opened. */
  readonly startsUnread: boolean;
}

/** When it happened: others' messages by their arrival, ours by their writing. */
export function timeOf(message: Message): number {
  return isOwn(message) ? message.sentAt : message.receivedAt;
}

/** @param firstUnread - the number of the first unread message, or nothing */
export function messageRow(
  seq: number,
  messages: ReadonlyMap<number, Message>,
  firstUnread: number | undefined,
): MessageRow {
  const message = messages.get(seq);
  const before = messages.get(seq - 1);
  const startsDay =
    message !== undefined && (before === undefined ? seq === 1 : !isSameDay(timeOf(before), timeOf(message)));
  const startsUnread = seq === firstUnread;
  const goesOn =
    message !== undefined &&
    before !== undefined &&
    before.sender === message.sender &&
    timeOf(message) - timeOf(before) < groupMs;
  const startsGroup = startsDay || startsUnread || !goesOn;
  return {
    seq,
    message,
    isOwn: message !== undefined && isOwn(message),
    startsDay,
    startsGroup,
    startsUnread,
  };
}
