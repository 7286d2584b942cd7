/** A conversation with a past: rows as the messenger itself writes them, put into the storage in bulk. */
import type { AccountId, StorageAdapter, StorageChange } from '@sotto/sdk';

const rowsPerCommit = 5_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface StoredMessage {
  readonly v: number;
  readonly d: { readonly id: string; readonly seq: number; readonly sender: string };
}

/**
 * Makes a conversation so long by repeating its last message under other ids, with the index that finds messages
 * and the head that counts them.
 */
export async function lengthen(storage: StorageAdapter, peer: AccountId, length: number): Promise<void> {
  const headKey = `conversation/${peer}`;
  const fence = await storage.acquire();
  const [headBytes] = await storage.get([headKey]);
  const head = parse<{ v: number; d: { nextSeq: number } }>(headBytes);
  const [rowBytes] = await storage.get([`message/${peer}/${head.d.nextSeq - 1}`]);
  const template = parse<StoredMessage>(rowBytes);
  for (let seq = head.d.nextSeq; seq <= length; seq += rowsPerCommit) {
    const end = Math.min(length, seq + rowsPerCommit - 1);
    const changes: StorageChange[] = [];
    for (let at = seq; at <= end; at += 1) changes.push(...rowAt(template, peer, at));
    const grown = { ...head, d: { ...head.d, nextSeq: end + 1 } };
    changes.push({ key: headKey, value: bytes(grown) });
    await storage.commit(changes, { fence });
  }
  await storage.close();
}

function rowAt(template: StoredMessage, peer: AccountId, seq: number): StorageChange[] {
  const id = `${String(seq).padStart(21, '0')}A`;
  return [
    { key: `message/${peer}/${seq}`, value: bytes({ ...template, d: { ...template.d, id, seq } }) },
    { key: `message-id/${peer}/${template.d.sender}/${id}`, value: bytes({ v: 1, d: { seq } }) },
  ];
}

function parse<Value>(stored: Uint8Array | undefined): Value {
  return JSON.parse(decoder.decode(stored)) as Value;
}

function bytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The storage, with everything it writes counted: keys and values, in bytes. */
export function meteredStorage(inner: StorageAdapter): { storage: StorageAdapter; written(): number } {
  let written = 0;
  const storage: StorageAdapter = {
    durability: inner.durability,
    acquire: () => inner.acquire(),
    get: (keys) => inner.get(keys),
    list: (prefix) => inner.list(prefix),
    commit: (changes, options) => {
      for (const { key, value } of changes) written += key.length + (value?.length ?? 0);
      return inner.commit(changes, options);
    },
    destroy: (options) => inner.destroy(options),
    close: () => inner.close(),
  };
  return { storage, written: () => written };
}
