/**
 * The IndexedDB database under a storage: its layout, its transactions, and what the browser may do to it, while
 * it is open and since. Knows no rules of the port but the fence, which is compared in the transaction that writes.
 */
import { getMany, promisifyRequest, type UseStore } from 'idb-keyval';
import { SottoError } from '../../errors.js';
import type { Clock } from '../../ports/host.js';
import type { StorageChange, StorageEntry } from '../../ports/storage.js';
import type { StorageDatabase } from '../database-storage.js';
import { firstRunMarker, type FirstRunMarker } from '../first-run-marker.js';
import { evicted } from '../health.js';
import { removeIndexedDb } from './remove.js';
import { completed, translatedError } from '../open-indexeddb.js';
import {
  afterUserKeys,
  firstUserKey,
  metaKey,
  openPlaced,
  readFacts,
  readMeta,
  storeName,
  userKeys,
} from '../indexeddb-layout.js';

/** Pairs of one page of a list: few at first, then as many as are expected to have this many bytes. */
const firstPageEntries = 16;
const maxPageEntries = 512;
const pageBytes = 1024 * 1024;

/**
 * Writers that were fenced and are remembered, one small key for each that came after it. A page that slept through
 * so many others is gone.
 */
const maxFencedMarks = 65_536;

/** The time of a commit is written down when the one written down is so old: once for many commits. */
const commitTimeMs = 60_000;

/** How hard a transaction is written. */
export type WriteDurability = 'strict' | 'relaxed';

/** See the header. */
export class IndexedDbDatabase implements StorageDatabase {
  readonly #database: IDBDatabase;
  readonly #durability: WriteDurability;
  readonly #clock: Clock;
  readonly #marker: FirstRunMarker;
  /** Whether the marker is known to be set. */
  #isMarked = false;
  #lastCommitAt: number | undefined;
  /** The time of a commit that this adapter wrote down last. */
  #notedAt = -Infinity;
  /** The last fence that is known to be of this database. */
  #knownFence = 0;
  /** Why the browser has taken it away, once it has. */
  #lost: 'storage-evicted' | 'storage-locked' | undefined;

  private constructor(
    database: IDBDatabase,
    durability: WriteDurability,
    around: { readonly clock: Clock; readonly marker: FirstRunMarker },
  ) {
    this.#database = database;
    this.#durability = durability;
    this.#clock = around.clock;
    this.#marker = around.marker;
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

  /**
   * Opens it, and makes it where there was none before.
   * @throws SottoError `storage-evicted` when there was one and it is gone, `storage-locked`, `storage-failed`,
   *   `storage-full`, `storage-corrupt`
   */
  static async open(name: string, durability: WriteDurability, clock: Clock): Promise<IndexedDbDatabase> {
    const marker = firstRunMarker('data', name);
    const wasUsed = (await marker.isSet()) === true;
    const placed = await openPlaced(name, !wasUsed, clock);
    if (!placed) throw evicted();
    const { database } = placed;
    const opened = new IndexedDbDatabase(database, durability, { clock, marker });
    try {
      // Somebody else's, of that name.
      if (!database.objectStoreNames.contains(storeName)) throw new SottoError('storage-corrupt');
      await opened.#recognise(wasUsed);
      return opened;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Compares the database with the marker: one may have been removed without the other. */
  async #recognise(wasUsed: boolean): Promise<void> {
    this.#isMarked = wasUsed;
    const { meta, hasPairs } = await this.useStore('readonly', readFacts);
    this.#lastCommitAt = meta?.committedAt;
    this.#knownFence = meta?.fence ?? 0;
    const isUsed = hasPairs || meta?.committedAt !== undefined;
    if (isUsed) await this.#mark();
    // One that was emptied on purpose, and then not removed, may be begun anew.
    else if (wasUsed && meta?.cleared !== true) throw evicted();
  }

  async #mark(): Promise<void> {
    if (this.#isMarked) return;
    this.#isMarked = true;
    await this.#marker.set();
  }

  /**
   * One transaction, for idb-keyval as for ourselves: whole or not at all. The callback may await nothing but
   * requests of the store it gets, or the transaction ends under it.
   * @throws SottoError what the callback throws, or a translated failure
   */
  readonly useStore: UseStore = (mode, callback) => this.#transact(mode, callback, mode === 'readonly');

  /**
   * @param isAtOnce - whether the callback makes all of its requests before it returns. They then need nothing of
   *   this page to be carried out: one that freezes meanwhile holds up nobody who wants to take over.
   */
  async #transact<Result>(
    mode: IDBTransactionMode,
    callback: (store: IDBObjectStore) => Result | PromiseLike<Result>,
    isAtOnce: boolean,
  ): Promise<Result> {
    try {
      const transaction = this.#database.transaction(storeName, mode, { durability: this.#durability });
      const complete = completed(transaction);
      try {
        const pending = callback(transaction.objectStore(storeName));
        // Browsers before 2022 do not know it, and commit when the page has heard of every request.
        if (isAtOnce) (transaction as Partial<IDBTransaction>).commit?.();
        const result = await pending;
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
  }

  /** Gives out the next fence, and marks the one before as fenced. */
  async nextFence(): Promise<number> {
    this.#knownFence = await this.useStore('readwrite', async (store) => {
      const meta = await readMeta(store);
      const before = meta?.fence ?? 0;
      store.put({ ...meta, fence: before + 1 }, metaKey);
      store.put(true, before);
      store.delete(IDBKeyRange.upperBound(before - maxFencedMarks));
      return before + 1;
    });
    return this.#knownFence;
  }

  /** All writes or none, if the fence is the last one given out. @throws SottoError `fenced` */
  async write(writes: readonly StorageChange[], fence: number): Promise<void> {
    // Of one of this name that was removed meanwhile: it is not marked here.
    if (fence > this.#knownFence) throw new SottoError('fenced');
    const now = this.#clock.now();
    const isNoted = Math.abs(now - this.#notedAt) < commitTimeMs || writes.length === 0;
    const work = (store: IDBObjectStore) => {
      // Fails, and everything with it, where the fence is marked already: no answer has to be waited for.
      store.add(true, fence);
      store.delete(fence);
      if (!isNoted) store.put({ fence, committedAt: now }, metaKey);
      for (const { key, value } of writes) {
        if (value) store.put(value, key);
        else store.delete(key);
      }
    };
    await this.#transact('readwrite', work, true);
    if (!isNoted) this.#notedAt = now;
    if (writes.length === 0) return;
    this.#lastCommitAt = now;
    await this.#mark();
  }

  async look(): Promise<{ readonly isUsed: boolean; readonly lastCommitAt: number | undefined }> {
    const { meta, hasPairs } = await this.useStore('readonly', readFacts);
    const lastCommitAt = Math.max(this.#lastCommitAt ?? -Infinity, meta?.committedAt ?? -Infinity);
    const isDated = lastCommitAt !== -Infinity;
    return { isUsed: hasPairs || isDated, lastCommitAt: isDated ? lastCommitAt : undefined };
  }

  /** Removes every pair, and gives out one fence more: who has the one before cannot come back. @throws SottoError `fenced` */
  async clear(fence: number): Promise<void> {
    await this.useStore('readwrite', async (store) => {
      const meta = await readMeta(store);
      if ((meta?.fence ?? 0) !== fence) throw new SottoError('fenced');
      store.delete(userKeys());
      store.put({ fence: fence + 1, cleared: true }, metaKey);
      store.put(true, fence);
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

  async close(): Promise<void> {
    this.#database.close();
  }

  /** @throws SottoError `storage-locked` when another tab does not let go; it is deleted when that one is gone */
  async remove(): Promise<void> {
    this.#database.close();
    await removeIndexedDb(this.#database.name, this.#clock);
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

/** One that has ended by itself cannot be aborted, and need not. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It is over.
  }
}
