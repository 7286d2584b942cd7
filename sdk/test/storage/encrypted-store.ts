/** An encrypted storage over a medium in memory that a test may look into and meddle with. */
import { createMemoryMedium, memoryStorage, type MemoryMedium } from '@sotto/sdk/storage/memory';
import { encryptedStorage, type EncryptedStorage, type StorageKey } from '@sotto/sdk/storage/encrypted';
import { Secret } from '../../src/secret.js';
import { utf8 } from '../../src/bytes.js';
import type { StorageAdapter, StorageEntry, StorageFence } from '../../src/ports/storage.js';

/** A key of the application's, by a number. */
export function secretKey(fill: number): Secret {
  return new Secret(new Uint8Array(32).fill(fill));
}

/** A store whose inside shows. */
export class OpenStore {
  readonly medium: MemoryMedium;

  constructor(medium: MemoryMedium = createMemoryMedium()) {
    this.medium = medium;
  }

  /** A new adapter on it. */
  encrypted(key: StorageKey = secretKey(1)): EncryptedStorage {
    return encryptedStorage(memoryStorage({ medium: this.medium }), key);
  }

  /** Everything as the store below has it, sorted. */
  async inside(): Promise<StorageEntry[]> {
    const entries: StorageEntry[] = [];
    for await (const entry of memoryStorage({ medium: this.medium }).list('')) entries.push(entry);
    return entries.sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** Writes past the encryption. */
  async meddle(key: string, value: Uint8Array | undefined): Promise<void> {
    const inner = memoryStorage({ medium: this.medium });
    await inner.commit([{ key, value }], { fence: await inner.acquire() });
  }

  /** Everything as a user of the storage has it, or the code that reading it ends with. */
  async read(key?: StorageKey): Promise<Record<string, string> | string> {
    const storage = this.encrypted(key);
    try {
      return await textsOf(storage);
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }

  /** An independent copy. */
  copy(): OpenStore {
    return new OpenStore(this.medium.copy());
  }
}

/** Acquires and commits texts. */
export async function putTexts(
  storage: EncryptedStorage,
  texts: Readonly<Record<string, string>>,
): Promise<StorageFence> {
  const fence = await storage.acquire();
  const changes = Object.entries(texts).map(([key, text]) => ({ key, value: utf8(text) }));
  await storage.commit(changes, { fence });
  return fence;
}

/** All pairs: listed, and each got as well. */
export async function textsOf(storage: EncryptedStorage): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);
  for await (const { key, value } of storage.list('')) texts[key] = text(value);
  const keys = Object.keys(texts);
  const values = await storage.get(keys);
  for (const [index, key] of keys.entries()) {
    if (texts[key] !== text(values[index])) throw new Error(`${key} differs between list and get`);
  }
  return texts;
}

/** A storage that dies after so many commits. */
export function mortal(inner: StorageAdapter, commits: number): StorageAdapter {
  let left = commits;
  return {
    durability: inner.durability,
    acquire: () => inner.acquire(),
    get: (keys) => inner.get(keys),
    list: (prefix) => inner.list(prefix),
    commit: async (changes, options) => {
      left -= 1;
      if (left < 0) throw new Error('dead');
      await inner.commit(changes, options);
    },
    destroy: (options) => inner.destroy(options),
    close: () => inner.close(),
  };
}
