/** What a line of the list says of its conversation. Pure. */
import type { ConversationEntry } from '@sotto/example-vue-composables';
import type { Message } from '@sotto/sdk';
import { strings } from '../text/strings.js';

/** Whether the message is of this device's owner. */
export function isOwn(message: Message): boolean {
  return message.status !== 'received';
}

function textOf(message: Message): string {
  return message.body.kind === 'text' ? message.body.text : strings.list.unsupported;
}

/** The second line. */
export function previewText({ contact, conversation }: ConversationEntry): string {
  const message = conversation?.lastMessage;
  if (contact?.relation === 'blocked') return strings.list.blocked;
  if (!message) return strings.list.noMessages;
  return (isOwn(message) ? strings.list.you : '') + textOf(message).slice(0, 200);
}

/** The name of whoever it is with. */
export function nameOf({ contact }: Pick<ConversationEntry, 'contact'>): string {
  return contact?.username ?? strings.unknownPerson;
}
