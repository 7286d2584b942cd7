/**
 * One conversation: its messages by number, read page by page as they are asked for, and what can be done with
 * them. Numbers are dense from 1, so a list knows its length before it has read anything.
 */
import type { AccountId, Message } from '@sotto/sdk';
import {
  computed,
  onScopeDispose,
  shallowReactive,
  shallowRef,
  type ComputedRef,
  type ShallowRef,
} from 'vue';
import { useMessengerState } from './messenger-state.js';

/** Messages read at once: more than a screen holds, and half of what one call may ask for. */
const pageLength = 100;

/** See {@link useConversation}. */
export interface ConversationActions {
  /** Those that were read, by `seq`. */
  readonly messages: ReadonlyMap<number, Message>;
  /** The newest message's number; 0 where there is none. */
  readonly lastSeq: Readonly<ShallowRef<number>>;
  /** Whether the newest page has been read. */
  readonly isReady: Readonly<ShallowRef<boolean>>;
  /** Messages that came since they were last marked as read. */
  readonly unreadCount: ComputedRef<number>;
  /** Reads those between two numbers that are not here yet. */
  readonly load: (fromSeq: number, toSeq: number) => void;
  /** @throws SottoError as `messages.send` */
  readonly send: (text: string) => Promise<Message>;
  /** Sends a failed one again. @throws SottoError as `messages.retry` */
  readonly retry: (seq: number) => Promise<void>;
  /** Marks everything as read. */
  readonly markRead: () => Promise<void>;
}

/** The messages that were read, kept up to date. */
class Pages {
  readonly messages = shallowReactive(new Map<number, Message>());
  readonly lastSeq = shallowRef(0);
  readonly #asked = new Set<number>();
  readonly #read: (beforeSeq: number) => Promise<readonly Message[]>;

  constructor(read: (beforeSeq: number) => Promise<readonly Message[]>) {
    this.#read = read;
  }

  put(message: Message): void {
    this.messages.set(message.seq, message);
    this.lastSeq.value = Math.max(this.lastSeq.value, message.seq);
  }

  load(fromSeq: number, toSeq: number): void {
    const first = Math.floor((Math.max(1, fromSeq) - 1) / pageLength);
    const last = Math.floor((Math.min(toSeq, this.lastSeq.value) - 1) / pageLength);
    for (let page = first; page <= last; page += 1) void this.#loadPage(page);
  }

  async #loadPage(page: number): Promise<void> {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    try {
      // What came by an event meanwhile is newer than what is read.
      const rows = await this.#read((page + 1) * pageLength + 1);
      for (const row of rows) if (!this.messages.has(row.seq)) this.put(row);
    } catch {
      this.#asked.delete(page);
    }
  }
}

/** @param id - the other account; a component is made anew for another one */
export function useConversation(id: AccountId): ConversationActions {
  const { messenger, conversations, refresh } = useMessengerState();
  const api = messenger.messages;
  const pages = new Pages((beforeSeq) => api.list(id, { beforeSeq, limit: pageLength }));
  const isReady = shallowRef(false);
  const follow = ({ message }: { readonly message: Message }) => {
    if (message.conversationId === id) pages.put(message);
  };
  const stops = [messenger.on('message', follow), messenger.on('message-status', follow)];
  onScopeDispose(() => stops.forEach((stop) => stop()));
  void api
    .list(id, { limit: pageLength })
    .then((rows) => rows.forEach((row) => pages.messages.has(row.seq) || pages.put(row)))
    .finally(() => (isReady.value = true));
  const head = computed(() => conversations.value.find((conversation) => conversation.id === id));
  return {
    messages: pages.messages,
    lastSeq: pages.lastSeq,
    isReady,
    unreadCount: computed(() => head.value?.unreadCount ?? 0),
    load: (fromSeq, toSeq) => pages.load(fromSeq, toSeq),
    send: async (text) => {
      const message = await api.send(id, { text });
      // An event may have told more of it already.
      if (!pages.messages.has(message.seq)) pages.put(message);
      await refresh();
      return message;
    },
    retry: async (seq) => pages.put(await api.retry(id, seq)),
    markRead: async () => {
      if (pages.lastSeq.value === 0) return;
      await api.markRead(id, pages.lastSeq.value);
      await refresh();
    },
  };
}
