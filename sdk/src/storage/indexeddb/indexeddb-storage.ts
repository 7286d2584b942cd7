/** The storage port over IndexedDB, for pages and workers. Several tabs may have one open; the fence decides. */
import { SottoError } from '../../errors.js';
import { systemClock } from '../../host.js';
import type { Clock } from '../../ports/host.js';
import type {
  StorageAdapter,
  StorageChange,
  StorageDurability,
  StorageEntry,
  StorageFence,
} from '../../ports/storage.js';
import { assertStorageKey, assertStoragePrefix, assertStorageValue } from '../keys.js';
import { IndexedDbDatabase, type DatabaseWrite } from './indexeddb-database.js';

/** Options of {@link indexedDbStorage}. */
export interface IndexedDbStorageOptions {
  /**
   * `power-loss` (the default): asks the browser for strict transactions, which end when the drive says that it
   * has them. What a browser that knows no strict ones gives is `process`, and then the adapter says so.
   * `process`: relaxed ones, which survive the death of the browser alone; faster.
   */
  readonly durability?: Exclude<StorageDurability, 'none'>;
  /** Times how long another tab may block; the platform's by default. */
  readonly clock?: Clock;
}

/**
 * A storage in an IndexedDB database of this origin, over the optional package `idb-keyval`. The database is made
 * on first use; several adapters, tabs and workers may have it open, and the one that acquired last writes. Two
 * accounts are two names. Values are not encrypted. `destroy` deletes the database; others that have it open are
 * told, and get `storage-evicted` from then on.
 *
 * A browser may remove the database altogether: for want of space, when the user clears it, and, in Chromium,
 * when it takes it for damaged after crashes. Then it opens empty; nothing older ever comes back.
 *
 * Besides the errors of the port: `storage-full` when the quota is used up (nothing of that commit is there),
 * `storage-evicted` when the database was removed while it was open, `storage-locked` when another tab does not
 * let go of it for five seconds, or a later version of this code took it over.
 * @param name - the name of the database, 1 to 256 characters
 */
export function indexedDbStorage(name: string, options: IndexedDbStorageOptions = {}): StorageAdapter {
  if (typeof name !== 'string' || name === '' || name.length > maxNameLength) {
    throw new TypeError('name is the name of a database, 1 to 256 characters');
  }
  return new IndexedDbStorage(name, options);
}

const maxNameLength = 256;

/** Whether transactions can be asked to be strict. */
function knowsStrict(): boolean {
  return typeof IDBTransaction === 'function' && 'durability' in IDBTransaction.prototype;
}

class IndexedDbStorage implements StorageAdapter {
  readonly durability: StorageDurability;
  readonly #name: string;
  readonly #clock: Clock;
  #database: Promise<IndexedDbDatabase> | undefined;
  // One after another, in the order of the calls, also while the database is still opening.
  #writes: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(name: string, { durability = 'power-loss', clock = systemClock }: IndexedDbStorageOptions) {
    this.#name = name;
    this.#clock = clock;
    this.durability = durability === 'power-loss' && knowsStrict() ? 'power-loss' : 'process';
  }

  acquire(): Promise<StorageFence> {
    return this.#write(async (database) => (await database.nextFence()) as StorageFence);
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertOpen();
    for (const key of keys) assertStorageKey(key);
    const database = await this.#open();
    return this.#unlessClosed(() => database.get(keys));
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    this.#assertOpen();
    assertStoragePrefix(prefix);
    const entries = (await this.#open()).list(prefix)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#unlessClosed(() => entries.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async commit(
    changes: readonly StorageChange[],
    { fence }: { readonly fence: StorageFence },
  ): Promise<void> {
    this.#assertOpen();
    // Copied now: the caller may change its arrays while this waits for its turn.
    const writes = changes.map(toWrite);
    await this.#write((database) => database.write(writes, fence));
  }

  async destroy({ fence }: { readonly fence: StorageFence }): Promise<void> {
    await this.#write(async (database) => {
      await database.clear(fence);
      this.#closed = true;
      database.close();
      await IndexedDbDatabase.remove(this.#name, this.#clock);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writes;
    const opening = this.#database;
    this.#database = undefined;
    // One that never opened has nothing to let go of.
    const database = await opening?.catch(() => undefined);
    database?.close();
  }

  /** Runs a write when its turn comes; one that was accepted before `close` still does. */
  #write<Result>(work: (database: IndexedDbDatabase) => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new SottoError('storage-closed'));
    const turn = this.#writes.then(async () => work(await this.#open()));
    this.#writes = turn.catch(() => undefined);
    return turn;
  }

  /** On first use. One that failed is tried again by the next call: a tab in the way may be gone by then. */
  #open(): Promise<IndexedDbDatabase> {
    const durability = this.durability === 'power-loss' ? 'strict' : 'relaxed';
    this.#database ??= IndexedDbDatabase.open(this.#name, durability, this.#clock).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }

  /** Reads that `close` overtook end as `storage-closed`, whatever IndexedDB calls it. */
  async #unlessClosed<Result>(read: () => Promise<Result>): Promise<Result> {
    this.#assertOpen();
    try {
      return await read();
    } catch (error) {
      this.#assertOpen();
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new SottoError('storage-closed');
  }
}

function toWrite({ key, value }: StorageChange): DatabaseWrite {
  assertStorageKey(key);
  assertStorageValue(value);
  // Of its own buffer: a view would be stored with everything around it.
  return { key, value: value && new Uint8Array(value) };
}
