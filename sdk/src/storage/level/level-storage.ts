/** The storage port over LevelDB in a folder, for Node. One process at a time has the folder. */
import { SottoError } from '../../errors.js';
import type {
  StorageAdapter,
  StorageChange,
  StorageDurability,
  StorageEntry,
  StorageFence,
} from '../../ports/storage.js';
import { assertStorageKey, assertStoragePrefix, assertStorageValue } from '../keys.js';
import { LevelDatabase, type LevelWrite } from './level-database.js';

/** Options of {@link levelStorage}. */
export interface LevelStorageOptions {
  /**
   * `power-loss` (the default): each commit waits until the operating system says that the drive has it.
   * That is as good as the drive's word: one that reports a flush it did not make can still lose it.
   * `process`: commits are handed to the operating system and survive the death of the process alone;
   * several times faster.
   */
  readonly durability?: Exclude<StorageDurability, 'none'>;
}

/**
 * A storage in a folder, over the optional package `classic-level`. The folder is made on first use
 * with access for its owner alone, and locked while it is open: another process, or another adapter,
 * gets `storage-locked`. Values are not encrypted. `destroy` removes the folder.
 * @param path - a folder of its own, absolute or relative to the working directory
 */
export function levelStorage(path: string, options: LevelStorageOptions = {}): StorageAdapter {
  if (typeof path !== 'string' || path === '') throw new TypeError('path is the name of a folder');
  return new LevelStorage(path, options.durability ?? 'power-loss');
}

class LevelStorage implements StorageAdapter {
  readonly durability: StorageDurability;
  readonly #path: string;
  #database: Promise<LevelDatabase> | undefined;
  // Acquiring and writing one after another: a commit that passed its check must be written before
  // the next writer is told that it may begin.
  #writes: Promise<unknown> = Promise.resolve();
  #closed = false;
  #removed = false;

  constructor(path: string, durability: StorageDurability) {
    this.#path = path;
    this.durability = durability;
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
    const writes = changes.map(toWrite);
    await this.#write(async (database) => {
      assertWriter(database, fence);
      if (writes.length > 0) await database.write(writes);
    });
  }

  async destroy({ fence }: { readonly fence: StorageFence }): Promise<void> {
    await this.#write(async (database) => {
      assertWriter(database, fence);
      this.#closed = true;
      this.#removed = true;
      await database.remove();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writes;
    const opening = this.#database;
    this.#database = undefined;
    // One that never opened has nothing to let go of.
    const database = await opening?.catch(() => undefined);
    await database?.close();
  }

  /** Runs a write when its turn comes; one that was accepted before `close` still does. */
  #write<Result>(work: (database: LevelDatabase) => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new SottoError('storage-closed'));
    const turn = this.#writes.then(async () => {
      if (this.#removed) throw new SottoError('storage-closed');
      return work(await this.#open());
    });
    this.#writes = turn.catch(() => undefined);
    return turn;
  }

  /** On first use. One that failed is tried again by the next call: a lock may be gone by then. */
  #open(): Promise<LevelDatabase> {
    this.#database ??= LevelDatabase.open(this.#path, this.durability === 'power-loss').catch(
      (error: unknown) => {
        this.#database = undefined;
        throw error;
      },
    );
    return this.#database;
  }

  /** Reads that `close` overtook end as `storage-closed`, whatever LevelDB calls it. */
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

function toWrite({ key, value }: StorageChange): LevelWrite {
  assertStorageKey(key);
  assertStorageValue(value);
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value: new Uint8Array(value) };
}

function assertWriter(database: LevelDatabase, fence: StorageFence): void {
  if (fence !== database.fence) throw new SottoError('fenced');
}
