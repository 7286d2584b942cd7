/** The events that cross a port, each as a schema, and which of them are journalled. */
import * as z from 'zod/mini';
import type { MessengerEventName, MessengerEvents, JournalledEvent } from '../events.js';
import { contactChange, type UndecryptableReason } from '../journal-event.js';
import { deviceAddress, generation } from '../wire/index.js';
import { isKnownCode } from './failures.js';
import { accountId, connectionState, contact, message, pendingReset } from './values.js';

const journalSeq = z.int().check(z.minimum(1));
const nothing = z.strictObject({});
const reason = z.custom<UndecryptableReason>((value) => typeof value === 'string' && isKnownCode(value));

/** Every event, by name. */
export const eventValues: {
  readonly [Name in MessengerEventName]: z.core.$ZodType<MessengerEvents[Name]>;
} = {
  message: z.strictObject({ seq: journalSeq, message }),
  'message-status': z.strictObject({ seq: journalSeq, message }),
  contact: z.strictObject({
    seq: journalSeq,
    accountId,
    change: contactChange,
    contact: z.union([contact, z.undefined()]),
  }),
  undecryptable: z.strictObject({ seq: journalSeq, sender: deviceAddress, reason }),
  continuity: z.strictObject({
    seq: journalSeq,
    verdict: z.enum(['rolled-back', 'cloned']),
    generation,
  }),
  'handler-failed': z.strictObject({ seq: journalSeq, message, reason: z.string() }),
  connection: connectionState,
  'caught-up': nothing,
  'login-required': nothing,
  'device-replaced': nothing,
  'reset-pending': pendingReset,
  fenced: nothing,
};

type JournalledName = {
  [Name in MessengerEventName]: MessengerEvents[Name] extends JournalledEvent ? Name : never;
}[MessengerEventName];

const journalled: { readonly [Name in JournalledName]: true } = {
  message: true,
  'message-status': true,
  contact: true,
  undecryptable: true,
  continuity: true,
  'handler-failed': true,
};

/** Whether an event is heard to its end before the next one. */
export function isJournalled(name: MessengerEventName): boolean {
  return name in journalled;
}

/** All names of events. */
export const eventNames = Object.keys(eventValues) as MessengerEventName[];
