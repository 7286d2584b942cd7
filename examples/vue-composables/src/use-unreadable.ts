/** Messages of one contact that could not be read, as numbers. Knows no message. */
import type { AccountId } from '@sotto/sdk';
import { computed, type ComputedRef } from 'vue';
import { useMessengerState } from './messenger-state.js';
import type { UnreadableCounts } from './unreadable.js';

/** See {@link useUnreadable}. */
export interface UnreadableActions {
  /** Absent where everything could be read, or what could not was dismissed. */
  readonly counts: ComputedRef<UnreadableCounts | undefined>;
  /** Forgets them: what comes after is counted from 1. */
  readonly dismiss: () => void;
}

/**
 * What could not be read of a contact while this page lives. Nothing for who is no accepted contact, and nothing
 * about what waits under a changed key, which the contact's `trust` tells of.
 */
export function useUnreadable(id: AccountId): UnreadableActions {
  const { unreadable } = useMessengerState();
  return {
    counts: computed(() => unreadable.counts.value.get(id)),
    dismiss: () => unreadable.dismiss(id),
  };
}
