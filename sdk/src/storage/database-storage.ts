/**
 * What the adapters over a local database have in common: opening on first use, one write after another, closing,
 * and the rules of the port. Knows no database.
 */
import { SottoError, isSottoError } from '../errors.js';
import type {
  StorageAdapter,
  StorageChange,
  StorageDurability,
  StorageEntry,
  StorageFence,
} from '../ports/storage.js';
import type { StorageHealth } from '../ports/storage-health.js';
import { healthOf, stateOfFailure, type Surroundings } from './health.js';
import { assertStorageKey, assertStoragePrefix, assertStorageValue } from './keys.js';

/** A database that is open. Its errors are the port's. */
export interface StorageDatabase {
  /** Gives out the next fence once it is written. */
  nextFence(): Promise<number>;
  /** All writes or none, if the fence is the last one given out. @throws SottoError `fenced` */
  write(writes: readonly StorageChange[], fence: number): Promise<void>;
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  list(prefix: string): AsyncIterable<StorageEntry>;
  /** Whether anything was ever committed, and when last. @throws SottoError what is wrong with it */
  look(): Promise<{ readonly isUsed: boolean; readonly lastCommitAt: number | undefined }>;
  /** Gets ready to be removed, if the fence is the last one given out. @throws SottoError `fenced` */
  clear(fence: number): Promise<void>;
  /** Closes it and removes it. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

/** Where a database comes from, and what there is to say without one. */
export interface DatabaseSource {
  readonly durability: StorageDurability;
  /** Called again by the next use when it failed: what was in the way may be gone by then. */
  open(): Promise<StorageDatabase>;
  surroundings(): Promise<Surroundings>;
}

/**
 * After a write that failed like this a database may no longer write: LevelDB does not, and what it wrote behind
 * a torn record could be lost. It is opened anew.
 */
const spoiling: ReadonlySet<string> = new Set(['storage-full', 'storage-failed']);

/** See the header. */
export class DatabaseStorage implements StorageAdapter {
  readonly #source: DatabaseSource;
  #opening: Promise<StorageDatabase> | undefined;
  // Acquiring and writing one after another, in the order of the calls: a commit that passed its check must be
  // written before the next writer is told that it may begin.
  #writes: Promise<unknown> = Promise.resolve();
  #closed = false;
  #removed = false;

  constructor(source: DatabaseSource) {
    this.#source = source;
  }

  get durability(): StorageDurability {
    return this.#source.durability;
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
    try {
      for (;;) {
        const next = await this.#unlessClosed(() => entries.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await entries.return?.();
    }
  }

  async commit(
    changes: readonly StorageChange[],
    { fence }: { readonly fence: StorageFence },
  ): Promise<void> {
    this.#assertOpen();
    // Copied now: the caller may change its arrays while this waits for its turn.
    const writes = changes.map(copyOf);
    await this.#write((database) => database.write(writes, fence));
  }

  async destroy({ fence }: { readonly fence: StorageFence }): Promise<void> {
    await this.#write(async (database) => {
      await database.clear(fence);
      this.#closed = true;
      this.#removed = true;
      await database.remove();
    });
  }

  async health(): Promise<StorageHealth> {
    this.#assertOpen();
    const surroundings = await this.#source.surroundings();
    try {
      const database = await this.#open();
      const { isUsed, lastCommitAt } = await this.#unlessClosed(() => database.look());
      return healthOf(isUsed ? 'ready' : 'new', { lastCommitAt }, surroundings);
    } catch (error) {
      return healthOf(stateOfFailure(error), {}, surroundings);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writes;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    // One that never opened has nothing to let go of.
    const database = await opening?.catch(() => undefined);
    await database?.close();
  }

  /** Runs a write when its turn comes; one that was accepted before `close` still does. */
  #write<Result>(work: (database: StorageDatabase) => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new SottoError('storage-closed'));
    const turn = this.#writes.then(async () => {
      if (this.#removed) throw new SottoError('storage-closed');
      const database = await this.#open();
      try {
        return await work(database);
      } catch (error) {
        if (isSottoError(error) && spoiling.has(error.code)) await this.#letGo();
        throw error;
      }
    });
    this.#writes = turn.catch(() => undefined);
    return turn;
  }

  #open(): Promise<StorageDatabase> {
    this.#opening ??= this.#source.open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** Reads that `close` overtook end as `storage-closed`, whatever the database calls it. */
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

function copyOf({ key, value }: StorageChange): StorageChange {
  assertStorageKey(key);
  assertStorageValue(value);
  // Of its own buffer: a view would take everything around it along.
  return { key, value: value && new Uint8Array(value) };
}
