/**
 * A storage as it was at one moment, while the messenger goes on writing: before a commit changes a key that is
 * looked at, its value is put aside. Knows no feature.
 */
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { StorageChange, StorageEntry } from '../ports/storage.js';
import type { Writer } from '../unit/index.js';

/** What a key takes besides its characters and its value. */
const entryOverheadBytes = 128;

/** See the header. */
export class Snapshot {
  readonly #writer: Writer;
  readonly #prefixes: readonly string[];
  /** Values that were changed since, as they were; `undefined` for what was not there. */
  readonly #aside = new Map<string, Uint8Array | undefined>();
  readonly #stopWatching: () => void;
  #asideBytes = 0;
  #failure: Error | undefined;

  private constructor(writer: Writer, prefixes: readonly string[]) {
    this.#writer = writer;
    this.#prefixes = prefixes;
    this.#stopWatching = writer.watchCommits((changes) => this.#putAside(changes));
  }

  /** The storage between two units. @param prefixes - what will be looked at */
  static take(writer: Writer, prefixes: readonly string[]): Promise<Snapshot> {
    // Inside a unit, as then no commit is under way.
    return writer.run(async () => new Snapshot(writer, prefixes));
  }

  /** @throws SottoError `limit-exceeded` where too much has changed meanwhile, `messenger-closed` */
  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await this.#writer.get(keys);
    this.#assertWhole();
    return keys.map((key, index) => (this.#aside.has(key) ? this.#aside.get(key) : values[index]));
  }

  /**
   * Every pair under a prefix, in no order. What is changed while this runs may come twice, with the same value.
   * @throws as {@link get}
   */
  async *list(prefix: string): AsyncGenerator<StorageEntry, void> {
    for await (const entry of this.#writer.list(prefix)) {
      this.#assertWhole();
      if (!this.#aside.has(entry.key)) yield entry;
    }
    // What is put aside from now on was there, unchanged, when the list came to it.
    for (const [key, value] of [...this.#aside]) {
      if (value && key.startsWith(prefix)) yield { key, value };
    }
  }

  /** Lets go of what was put aside. Idempotent. */
  close(): void {
    this.#stopWatching();
    this.#aside.clear();
  }

  async #putAside(changes: readonly StorageChange[]): Promise<void> {
    const keys = changes
      .map(({ key }) => key)
      .filter((key) => !this.#aside.has(key) && this.#prefixes.some((prefix) => key.startsWith(prefix)));
    if (keys.length === 0 || this.#failure) return;
    try {
      const values = await this.#writer.get(keys);
      keys.forEach((key, index) => {
        this.#keep(key, values[index]);
      });
    } catch (error) {
      // The snapshot is no longer one; the commit has its own way.
      this.#fail(error instanceof Error ? error : new SottoError('storage-failed', { cause: error }));
    }
  }

  #keep(key: string, value: Uint8Array | undefined): void {
    this.#asideBytes += key.length + (value?.length ?? 0) + entryOverheadBytes;
    if (this.#asideBytes > limits.maxSnapshotBytes) {
      throw new SottoError('limit-exceeded', { details: { limit: 'maxSnapshotBytes' } });
    }
    this.#aside.set(key, value);
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.close();
  }

  #assertWhole(): void {
    if (this.#failure) throw this.#failure;
  }
}
