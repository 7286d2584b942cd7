/** Storages for histories of any length: one makes its rows when they are asked for, one forgets what it is given. */
import { messageRecord } from '../../src/messages/index.js';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { Writer } from '../../src/unit/index.js';
import { messageSection } from './sample-archive.js';
import { fillDevice } from './sample-device.js';

/** The row of a conversation that is nowhere. */
function made(key: string): Uint8Array | undefined {
  const seq = /^message\/[^/]+\/(\d+)$/.exec(key)?.[1];
  if (seq === undefined) return undefined;
  const row = messageSection(Number(seq), `message ${seq}, of about the length that people write in a chat`);
  return row.type === 'message' ? messageRecord.encode(row.message) : undefined;
}

function over(inner: StorageAdapter, changes: Partial<StorageAdapter>): StorageAdapter {
  return {
    durability: inner.durability,
    acquire: () => inner.acquire(),
    get: (keys) => inner.get(keys),
    list: (prefix) => inner.list(prefix),
    commit: (changed, options) => inner.commit(changed, options),
    destroy: (options) => inner.destroy(options),
    close: () => inner.close(),
    ...changes,
  };
}

/** A device with so many messages. */
export async function endlessDevice(messages: number): Promise<Writer> {
  const inner = memoryStorage();
  const filling = await Writer.open(inner, () => undefined);
  await fillDevice(filling, { engine: { name: 'portable', recordVersion: 1 }, messages, rows: false });
  const get: StorageAdapter['get'] = async (keys) =>
    (await inner.get(keys)).map((value, index) => value ?? made(keys[index] as string));
  return Writer.open(over(inner, { get }), () => undefined);
}

/** An empty device that keeps what is not of a message. */
export function forgetfulDevice(): Promise<Writer> {
  const inner = memoryStorage();
  const commit: StorageAdapter['commit'] = (changes, options) =>
    inner.commit(
      changes.filter(({ key }) => !key.startsWith('message')),
      options,
    );
  return Writer.open(over(inner, { commit }), () => undefined);
}
