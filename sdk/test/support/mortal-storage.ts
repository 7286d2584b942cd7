/**
 * A storage whose process can die at any commit: afterwards it never answers again, as a dead process
 * never does. What was committed stays in the medium, for the next process.
 */
import { SottoError } from '../../src/errors.js';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../../src/ports/storage.js';
import { memoryStorage, type MemoryMedium } from '../../src/storage/memory/index.js';

/** What happens at a commit: it passes, the process dies before or after it is written, or it fails and nothing is written. */
export type CommitFate = 'pass' | 'die-before' | 'die-after' | 'fail';

/** Decides over a commit. */
export type CommitPlan = (changes: readonly StorageChange[]) => CommitFate;

const never = () => new Promise<never>(() => undefined);

/** See the header. */
export class MortalStorage implements StorageAdapter {
  readonly durability = 'none';
  readonly #inner: StorageAdapter;
  readonly #plan: CommitPlan;
  readonly #died: () => void;
  #dead = false;

  /** @param died - called in the moment the plan lets the process die */
  constructor(medium: MemoryMedium, plan: CommitPlan, died: () => void) {
    this.#inner = memoryStorage({ medium });
    this.#plan = plan;
    this.#died = died;
  }

  /** From now on nothing answers. */
  kill(): void {
    this.#dead = true;
  }

  async acquire(): Promise<StorageFence> {
    return this.#dead ? never() : this.#inner.acquire();
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (this.#dead) return never();
    const values = await this.#inner.get(keys);
    return this.#dead ? never() : values;
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    for await (const entry of this.#inner.list(prefix)) {
      if (this.#dead) await never();
      yield entry;
    }
  }

  async commit(changes: readonly StorageChange[], options: { readonly fence: StorageFence }): Promise<void> {
    if (this.#dead) return never();
    const fate = this.#plan(changes);
    if (fate === 'fail') throw new SottoError('storage-failed');
    if (fate === 'die-before') return this.#die();
    await this.#inner.commit(changes, options);
    if (fate === 'die-after') return this.#die();
  }

  async destroy(options: { readonly fence: StorageFence }): Promise<void> {
    return this.#dead ? never() : this.#inner.destroy(options);
  }

  async close(): Promise<void> {
    return this.#dead ? never() : this.#inner.close();
  }

  #die(): Promise<never> {
    this.#dead = true;
    this.#died();
    return never();
  }
}
