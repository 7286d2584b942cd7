/**
 * The IndexedDB database under a storage: its layout, its transactions, and what the browser may do to it while
 * it is open. Knows no fence rules.
 */
import { getMany, promisifyRequest, type UseStore } from 'idb-keyval';
import { SottoError } from '../../errors.js';
import type { Clock } from '../../ports/host.js';
import type { StorageEntry } from '../../ports/storage.js';
import { completed, deleteDatabase, openDatabase, translatedError } from '../open-indexeddb.js';

const layoutVersion = 1;
const storeName = 'pairs';
/** Outside of the user's keys: `!` is in none of them and sorts before all. */
const metaKey = '!sotto';
/** The smallest character of a key, and the one after the greatest. */
const firstUserKey = '-';
const afterUserKeys = '\x7f';
/** Pairs of one page of a list: few at first, then as many as are expected to have this many bytes. */
const firstPageEntries = 16;
const maxPageEntries = 512;
const pageBytes = 1024 * 1024;

/** A put, or a delete where there is no value. */
export interface DatabaseWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** How hard a transaction is written. */
export type WriteDurability = 'strict' | 'relaxed';

/** See the header. */
export class IndexedDbDatabase {
  readonly #database: IDBDatabase;
  readonly #durability: WriteDurability;
  /** Why the browser has taken it away, once it has. */
  #lost: 'storage-evicted' | 'storage-locked' | undefined;

  private constructor(database: IDBDatabase, durability: WriteDurability) {
    this.#database = database;
    this.#durability = durability;
    // Someone else wants to delete it or to give it a later layout, and waits until nobody has it open.
    database.onversionchange = ({ newVersion }) => {
      this.#lost = newVersion === null ? 'storage-evicted' : 'storage-locked';
      database.close();
    };
    // The browser has closed it by force: the user cleared the site's data, or the disk failed.
    database.onclose = () => {
      this.#lost = 'storage-evicted';
    };
  }

  /** @throws SottoError `storage-locked`, `storage-failed`, `storage-full`, `storage-corrupt` */
  static async open(name: string, durability: WriteDurability, clock: Clock): Promise<IndexedDbDatabase> {
    const upgrade = (upgraded: IDBDatabase) => upgraded.createObjectStore(storeName);
    const database = await openDatabase({ name, version: layoutVersion, upgrade }, clock);
    if (database.objectStoreNames.contains(storeName)) return new IndexedDbDatabase(database, durability);
    // Somebody else's, of that name.
    database.close();
    throw new SottoError('storage-corrupt');
  }

  /** Deletes a database that this code no longer has open. */
  static async remove(name: string, clock: Clock): Promise<void> {
    await deleteDatabase(name, clock);
  }

  /**
   * One transaction, for idb-keyval as for ourselves: whole or not at all. The callback may await nothing but
   * requests of the store it gets, or the transaction ends under it.
   * @throws SottoError what the callback throws, or a translated failure
   */
  readonly useStore: UseStore = async (mode, callback) => {
    try {
      const transaction = this.#database.transaction(storeName, mode, { durability: this.#durability });
      const complete = completed(transaction);
      try {
        const result = await callback(transaction.objectStore(storeName));
        await complete;
        return result;
      } catch (error) {
        complete.catch(() => undefined);
        abort(transaction);
        // A request that failed for want of room says less than the transaction.
        throw transaction.error ?? error;
      }
    } catch (error) {
      throw this.#lost ? new SottoError(this.#lost, { cause: error }) : translatedError(error);
    }
  };

  /** Gives out the next fence. */
  async nextFence(): Promise<number> {
    return this.useStore('readwrite', async (store) => {
      const fence = (await readFence(store)) + 1;
      store.put({ fence }, metaKey);
      return fence;
    });
  }

  /** All writes or none, if the fence is the last one given out. @throws SottoError `fenced` */
  async write(writes: readonly DatabaseWrite[], fence: number): Promise<void> {
    await this.useStore('readwrite', async (store) => {
      if ((await readFence(store)) !== fence) throw new SottoError('fenced');
      for (const { key, value } of writes) {
        if (value) store.put(value, key);
        else store.delete(key);
      }
    });
  }

  /** Removes every pair, and gives out one fence more: who has the one before cannot come back. @throws SottoError `fenced` */
  async clear(fence: number): Promise<void> {
    await this.useStore('readwrite', async (store) => {
      if ((await readFence(store)) !== fence) throw new SottoError('fenced');
      store.clear();
      store.put({ fence: fence + 1 }, metaKey);
    });
  }

  /** The values of keys, of one moment. */
  async get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return getMany<Uint8Array | undefined>([...keys], this.useStore);
  }

  /** Every pair under a prefix, page by page, each of a moment of its own: a transaction would not wait. */
  async *list(prefix: string): AsyncIterable<StorageEntry> {
    // `0` is the character after `/`, in which every prefix but the empty one ends.
    const end = prefix === '' ? afterUserKeys : `${prefix.slice(0, -1)}0`;
    let range = IDBKeyRange.bound(prefix === '' ? firstUserKey : prefix, end, false, true);
    let count = firstPageEntries;
    for (;;) {
      const page = await this.#page(range, count);
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < count) return;
      range = IDBKeyRange.bound(last.key, end, true, true);
      count = nextPageEntries(page);
    }
  }

  close(): void {
    this.#database.close();
  }

  async #page(range: IDBKeyRange, count: number): Promise<StorageEntry[]> {
    const [keys, values] = await this.useStore('readonly', (store) =>
      Promise.all([
        promisifyRequest(store.getAllKeys(range, count)),
        promisifyRequest(store.getAll(range, count)),
      ]),
    );
    return keys.map((key, index) => ({ key: key as string, value: values[index] as Uint8Array }));
  }
}

function nextPageEntries(page: readonly StorageEntry[]): number {
  const bytes = page.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  return Math.max(1, Math.min(maxPageEntries, Math.floor((pageBytes * page.length) / bytes)));
}

async function readFence(store: IDBObjectStore): Promise<number> {
  const meta = await promisifyRequest<{ readonly fence?: unknown } | undefined>(store.get(metaKey));
  if (meta === undefined) return 0;
  if (!Number.isSafeInteger(meta.fence)) throw new SottoError('storage-corrupt');
  return meta.fence as number;
}

/** One that has ended by itself cannot be aborted, and need not. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It is over.
  }
}
