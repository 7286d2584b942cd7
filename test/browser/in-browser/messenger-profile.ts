/** Reaches into the storage of the messenger in this profile while it is closed: for what would take hours by hand. */
import type { StorageAdapter, StorageFence } from '@sotto/sdk';
import { accountId } from '@sotto/sdk/wire';
import { deviceKey, encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import type { MessageId } from '../../../sdk/src/messages/content.js';
import {
  conversationKey,
  conversationRecord,
  messageKey,
  messageRecord,
  type Message,
} from '../../../sdk/src/messages/message-record.js';

/** What Node calls, as `profile`. */
export interface MessengerProfile {
  /** Adds messages to a conversation of which there is one at least, from both sides, on several days. */
  fill(conversation: string, count: number): Promise<void>;
  /** The private keys of the account, base64url. */
  secrets(): Promise<readonly string[]>;
}

const storageName = 'sotto-messenger';
/** Messages in one commit. */
const batch = 500;
const minuteMs = 60_000;
/** Of one line and of many. */
const sentence = 'The heron stands on one leg and listens to what the water says. ';

async function inStorage<Result>(
  work: (storage: StorageAdapter, fence: StorageFence) => Promise<Result>,
): Promise<Result> {
  const storage = encryptedStorage(indexedDbStorage(storageName), await deviceKey(storageName));
  try {
    return await work(storage, await storage.acquire());
  } finally {
    await storage.close();
  }
}

function filler(first: Message, own: string, seq: number, count: number): Message {
  const isOwn = seq % 3 === 0;
  const sentAt = first.receivedAt - (count - seq) * minuteMs;
  return {
    ...first,
    id: `${String(seq).padStart(21, '0')}A` as MessageId,
    seq,
    sender: accountId.parse(isOwn ? own : first.conversationId),
    sentAt,
    receivedAt: sentAt,
    status: isOwn ? 'delivered' : 'received',
    body: { kind: 'text', text: `${seq}. ${sentence.repeat(1 + ((seq * 7) % 5))}` },
  };
}

const profile: MessengerProfile = {
  fill: (conversation, count) =>
    inStorage(async (storage, fence) => {
      const id = accountId.parse(conversation);
      const [head, row, self] = await storage.get([conversationKey(id), messageKey(id, 1), 'account/self']);
      if (!head || !row || !self) throw new Error('there is no message to begin with');
      const first = messageRecord.decode(row);
      const { accountId: own } = (JSON.parse(new TextDecoder().decode(self)) as { d: { accountId: string } })
        .d;
      const before = conversationRecord.decode(head).nextSeq;
      const last = before - 1 + count;
      for (let seq = before; seq <= last; seq += batch) {
        const seqs = Array.from({ length: Math.min(batch, last - seq + 1) }, (_, index) => seq + index);
        const rows = seqs.map((each) => filler(first, own, each, last));
        const changes = rows.map((message) => ({
          key: messageKey(id, message.seq),
          value: messageRecord.encode(message),
        }));
        const nextSeq = seq + seqs.length;
        const conversationValue = conversationRecord.encode({
          nextSeq,
          readSeq: nextSeq - 1,
          changedAt: first.receivedAt,
        });
        await storage.commit([...changes, { key: conversationKey(id), value: conversationValue }], { fence });
      }
    }),
  secrets: () =>
    inStorage(async (storage) => {
      const [self] = await storage.get(['account/self']);
      const { d } = JSON.parse(new TextDecoder().decode(self)) as { d: Record<string, string> };
      return [d['identityPrivateKey'] as string, d['deviceAuthSeed'] as string];
    }),
};

(globalThis as unknown as { profile: MessengerProfile }).profile = profile;
