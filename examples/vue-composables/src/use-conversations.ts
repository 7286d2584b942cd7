/** The list of conversations: everybody one can write to, and whoever wrote. */
import type { AccountId, Contact, Conversation } from '@sotto/sdk';
import { computed, type ComputedRef } from 'vue';
import { useMessengerState } from './messenger-state.js';

/** One line of the list. */
export interface ConversationEntry {
  readonly id: AccountId;
  /** Absent where the contact was removed and the messages stayed. */
  readonly contact: Contact | undefined;
  /** Absent where nothing has been written yet. */
  readonly conversation: Conversation | undefined;
  readonly unreadCount: number;
  /** When something happened here last, milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

function entryOf(
  id: AccountId,
  contact: Contact | undefined,
  conversation: Conversation | undefined,
): ConversationEntry {
  const changedAt = conversation?.changedAt ?? contact?.addedAt ?? 0;
  return { id, contact, conversation, unreadCount: conversation?.unreadCount ?? 0, changedAt };
}

/** Conversations and contacts without one, the one that changed last first. */
export function useConversations(): { readonly entries: ComputedRef<readonly ConversationEntry[]> } {
  const { contacts, conversations } = useMessengerState();
  const entries = computed(() => {
    const written = conversations.value.map((conversation) =>
      entryOf(conversation.id, contacts.value.get(conversation.id), conversation),
    );
    const known = new Set(written.map(({ id }) => id));
    const silent = [...contacts.value.values()]
      .filter(({ accountId }) => !known.has(accountId))
      .map((contact) => entryOf(contact.accountId, contact, undefined));
    return [...written, ...silent].sort((left, right) => right.changedAt - left.changedAt);
  });
  return { entries };
}
