/**
 * A storage over another one that fails, or whose process dies, at a commit that a plan picks. Knows no
 * messenger: it proves what holds when a write does not come to pass.
 */
import { SottoError } from '../errors.js';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../ports/storage.js';

/**
 * What becomes of a commit: it passes; it fails with `storage-failed` and nothing is written; the process
 * dies before it is written, or right after, when nobody has heard of it.
 */
export type CommitFate = 'pass' | 'fail' | 'die-before' | 'die-after';

/** Decides over one commit. `undefined` stands for `pass`. */
export type CommitPlan = (changes: readonly StorageChange[]) => CommitFate | undefined;

/** Options of {@link failingStorage}. */
export interface FailingStorageOptions {
  /** Asked at every commit. Every commit passes by default. */
  readonly plan?: CommitPlan;
  /** Called with what has been written, before anybody else hears of it. What it throws reaches the writer. */
  readonly written?: (changes: readonly StorageChange[]) => void;
  /** Called in the moment the plan lets the process die. */
  readonly died?: () => void;
}

/** A storage that can die. Made by {@link failingStorage}. */
export interface FailingStorage extends StorageAdapter {
  /** From now on nothing answers and nothing is written, as when a process is killed. Idempotent. */
  kill(): void;
}

/**
 * Wraps a storage, so that writes can fail and the process can die at any of them. After a death no
 * call ever settles, as none does in a dead process; what was committed is in the storage below, for the
 * next life: open another adapter on the same medium.
 *
 * @example
 * ```ts
 * const medium = createMemoryMedium();
 * let commits = 0;
 * const storage = failingStorage(memoryStorage({ medium }), {
 *   plan: () => ((commits += 1) === 3 ? 'die-after' : 'pass'),
 * });
 * ```
 * @param inner - this one is never closed by a death
 */
export function failingStorage(inner: StorageAdapter, options: FailingStorageOptions = {}): FailingStorage {
  return new PlannedStorage(inner, options);
}

const never = () => new Promise<never>(() => undefined);

class PlannedStorage implements FailingStorage {
  readonly durability;
  readonly #inner: StorageAdapter;
  readonly #options: FailingStorageOptions;
  #dead = false;

  constructor(inner: StorageAdapter, options: FailingStorageOptions) {
    this.#inner = inner;
    this.#options = options;
    this.durability = inner.durability;
  }

  kill(): void {
    this.#dead = true;
  }

  acquire(): Promise<StorageFence> {
    return this.#whileAlive(() => this.#inner.acquire());
  }

  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#whileAlive(() => this.#inner.get(keys));
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    for await (const entry of this.#inner.list(prefix)) {
      if (this.#dead) await never();
      yield entry;
    }
  }

  async commit(changes: readonly StorageChange[], options: { readonly fence: StorageFence }): Promise<void> {
    if (this.#dead) return never();
    const fate = this.#options.plan?.(changes) ?? 'pass';
    if (fate === 'fail') throw new SottoError('storage-failed');
    if (fate === 'die-before') return this.#die();
    await this.#inner.commit(changes, options);
    this.#options.written?.(changes);
    if (fate === 'die-after') return this.#die();
    if (this.#dead) return never();
  }

  destroy(options: { readonly fence: StorageFence }): Promise<void> {
    return this.#whileAlive(() => this.#inner.destroy(options));
  }

  close(): Promise<void> {
    return this.#whileAlive(() => this.#inner.close());
  }

  async #whileAlive<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#dead) return never();
    const result = await work();
    return this.#dead ? never() : result;
  }

  #die(): Promise<never> {
    this.#dead = true;
    this.#options.died?.();
    return never();
  }
}
