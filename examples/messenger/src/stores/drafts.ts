/** What was begun and not sent, by conversation. Kept while the page lives, and nowhere else. */
import type { AccountId } from '@sotto/sdk';
import { defineStore } from 'pinia';
import { reactive } from 'vue';

export const useDrafts = defineStore('drafts', () => {
  const drafts = reactive(new Map<AccountId, string>());
  return {
    get: (conversation: AccountId) => drafts.get(conversation) ?? '',
    set: (conversation: AccountId, text: string) => {
      if (text === '') drafts.delete(conversation);
      else drafts.set(conversation, text);
    },
  };
});
