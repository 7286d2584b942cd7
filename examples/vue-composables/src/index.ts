/**
 * Vue composables over a messenger of `@sotto/sdk`, wherever it runs: in the page, or in a worker behind
 * `@sotto/sdk/remote`.
 * @packageDocumentation
 */
export { createMessengerState, provideMessenger, useMessengerState } from './messenger-state.js';
export type { MessengerState } from './messenger-state.js';
export { useAccount, useConnection, useMessenger, type AccountActions } from './use-messenger.js';
export { useContacts, type ContactActions } from './use-contacts.js';
export { useConversation, type ConversationActions } from './use-conversation.js';
export { useUnreadable, type UnreadableActions } from './use-unreadable.js';
export { mostCounted, type UnreadableCounts, type UnreadableFate } from './unreadable.js';
export { useConversations, type ConversationEntry } from './use-conversations.js';
