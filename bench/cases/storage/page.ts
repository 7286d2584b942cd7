/** The page's half: IndexedDB through our adapter, bare and encrypted, and by hand. */
import { Secret, type StorageAdapter } from '@sotto/sdk';
import { encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import type { Side } from '../../harness.js';
import { commitPuts, commitSide, fill, messageBatches, pageSide, sampleValue } from './work.js';

const records = 2_000;

async function adapter(storage: StorageAdapter, script: string): Promise<Side> {
  const fence = await storage.acquire();
  await fill(storage, fence, records);
  return script === 'commit' ? commitSide(storage, fence, records) : pageSide(storage, records);
}

function answered<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as DOMException);
  });
}

/** The same batches with nothing around them: no fence, no checks, no copies. */
async function raw(script: string): Promise<Side> {
  const opening = indexedDB.open('raw', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('pairs');
  const database = await answered(opening);
  const write = (puts: readonly { key: string; value: Uint8Array }[]) =>
    new Promise<void>((resolve, reject) => {
      const transaction = database.transaction('pairs', 'readwrite', { durability: 'strict' });
      const store = transaction.objectStore('pairs');
      for (const { key, value } of puts) store.put(value, key);
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error as DOMException);
    });
  const get = (keys: readonly string[]) => {
    const store = database.transaction('pairs', 'readonly').objectStore('pairs');
    return Promise.all(keys.map((key) => answered(store.get(key) as IDBRequest<Uint8Array | undefined>)));
  };
  const value = sampleValue();
  for (const batch of messageBatches(records)) await write(batch);
  let round = records;
  if (script === 'page') return pageSide({ get }, records);
  return async (count) => async () => {
    for (let done = 0; done < count; done += 1) {
      await write(commitPuts(round, value));
      round += 1;
    }
  };
}

const encrypted = (inner: StorageAdapter) => encryptedStorage(inner, new Secret(new Uint8Array(32).fill(1)));

const sides: Readonly<Record<string, (script: string) => Promise<Side>>> = {
  raw,
  indexeddb: (script) => adapter(indexedDbStorage('bare'), script),
  encrypted: (script) => adapter(encrypted(indexedDbStorage('sealed')), script),
};

/** A large one: filled by commits that wait for no disk, and opened anew. */
async function grown(kind: string, name: string, script: string, count: number): Promise<Side> {
  const wrap = kind === 'encrypted' ? encrypted : (storage: StorageAdapter) => storage;
  const filling = wrap(indexedDbStorage(name, { durability: 'process' }));
  await fill(filling, await filling.acquire(), count);
  await filling.close();
  const storage = wrap(indexedDbStorage(name));
  const fence = await storage.acquire();
  return script === 'commit' ? commitSide(storage, fence, count) : pageSide(storage, count);
}

/** One of the sides, or one of so many records: `indexeddb 1000`. */
async function madeSide(script: string, named: string): Promise<Side> {
  const [kind = '', count] = named.split(' ');
  if (count !== undefined) return grown(kind, named, script, Number(count));
  const make = sides[kind];
  if (!make) throw new Error(`this page has no ${kind}`);
  return make(script);
}

const prepared: Side[] = [];
const ready = new Map<number, () => Promise<unknown>>();

/** What Node calls: the interface of bench/cases/browser/in-page.ts. */
const bench = {
  async prepare(script: string, side: string): Promise<number> {
    return prepared.push(await madeSide(script, side)) - 1;
  },
  async getReady(script: number, count: number): Promise<void> {
    ready.set(script, await (prepared[script] as Side)(count));
  },
  async work(script: number): Promise<number> {
    const start = performance.now();
    await (ready.get(script) as () => Promise<unknown>)();
    return performance.now() - start;
  },
};
Object.assign(globalThis, { bench });
