/** The storage port over a map in memory. Nothing outlives the process. */
import { SottoError } from '../../errors.js';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../../ports/storage.js';
import { assertStorageKey, assertStoragePrefix, assertStorageValue } from '../keys.js';
import { MediumState, createMemoryMedium, type MemoryMedium } from './memory-medium.js';

/** Options of {@link memoryStorage}. */
export interface MemoryStorageOptions {
  /** Where the pairs are; a new, empty one by default. Several adapters on one medium are several writers of one store. */
  readonly medium?: MemoryMedium;
}

/**
 * Opens a storage in memory, of durability `none`: for tests and for messengers that may forget.
 *
 * @example
 * ```ts
 * const medium = createMemoryMedium();
 * const storage = memoryStorage({ medium });
 * // Drop `storage` as a crash would, then go on with what was committed:
 * const reopened = memoryStorage({ medium });
 * ```
 * @throws TypeError when `medium` was not made by `createMemoryMedium`
 */
export function memoryStorage(options: MemoryStorageOptions = {}): StorageAdapter {
  const { medium = createMemoryMedium() } = options;
  if (!(medium instanceof MediumState)) throw new TypeError('medium is made by createMemoryMedium');
  return new MemoryStorage(medium);
}

class MemoryStorage implements StorageAdapter {
  readonly durability = 'none';
  readonly #medium: MediumState;
  #closed = false;

  constructor(medium: MediumState) {
    this.#medium = medium;
  }

  async acquire(): Promise<StorageFence> {
    this.#assertOpen();
    this.#medium.fence += 1;
    return this.#medium.fence as StorageFence;
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertOpen();
    for (const key of keys) assertStorageKey(key);
    return keys.map((key) => this.#medium.get(key)?.slice());
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    this.#assertOpen();
    assertStoragePrefix(prefix);
    for (const [key, value] of this.#medium.list(prefix)) {
      this.#assertOpen();
      yield { key, value: value.slice() };
    }
  }

  // Without an await inside it is atomic: no other code runs between the first change and the last.
  async commit(
    changes: readonly StorageChange[],
    { fence }: { readonly fence: StorageFence },
  ): Promise<void> {
    this.#assertOpen();
    for (const { key, value } of changes) {
      assertStorageKey(key);
      assertStorageValue(value);
    }
    this.#assertWriter(fence);
    for (const { key, value } of changes) {
      if (value === undefined) this.#medium.delete(key);
      else this.#medium.set(key, Uint8Array.from(value));
    }
  }

  async destroy({ fence }: { readonly fence: StorageFence }): Promise<void> {
    this.#assertOpen();
    this.#assertWriter(fence);
    this.#medium.clear();
    this.#closed = true;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new SottoError('storage-closed');
  }

  #assertWriter(fence: StorageFence): void {
    if (fence !== this.#medium.fence) throw new SottoError('fenced');
  }
}
