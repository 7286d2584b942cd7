/**
 * A unit of work: reads through to the storage, gathers changes, and is written by one commit or
 * not at all. Knows no feature.
 */
import { SottoError } from '../errors.js';
import type { StorageAdapter, StorageChange, StorageEntry } from '../ports/storage.js';
import type { RecordCodec } from './record.js';

/** The changes of one step, and the committed state as they would make it. */
export class Unit {
  readonly #storage: StorageAdapter;
  readonly #staged = new Map<string, Uint8Array | undefined>();
  /** What the storage held: it does not change while a unit runs, and many steps of one ask for the same. */
  readonly #stored = new Map<string, Uint8Array | undefined>();
  readonly #afterCommit: (() => void)[] = [];
  #closed = false;

  constructor(storage: StorageAdapter) {
    this.#storage = storage;
  }

  /** The value under a key, staged changes included. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  /** Values under many keys in one round trip, staged changes included. */
  async getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertOpen();
    const missing = keys.filter((key) => !this.#staged.has(key) && !this.#stored.has(key));
    const stored = missing.length > 0 ? await this.#storage.get(missing) : [];
    missing.forEach((key, index) => this.#stored.set(key, stored[index]));
    return keys.map((key) => (this.#staged.has(key) ? this.#staged.get(key) : this.#stored.get(key)));
  }

  /** Every pair under a prefix, staged changes included. */
  async list(prefix: string): Promise<readonly StorageEntry[]> {
    this.#assertOpen();
    const entries = new Map<string, Uint8Array>();
    for await (const { key, value } of this.#storage.list(prefix)) entries.set(key, value);
    for (const [key, value] of this.#staged) {
      if (!key.startsWith(prefix)) continue;
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    return [...entries].map(([key, value]) => ({ key, value }));
  }

  /** Reads a record. @throws SottoError `storage-corrupt` */
  async read<Value>(key: string, codec: RecordCodec<Value>): Promise<Value | undefined> {
    const bytes = await this.get(key);
    return bytes && codec.decode(bytes);
  }

  /** Stages a record. */
  write<Value>(key: string, codec: RecordCodec<Value>, value: Value): void {
    this.put(key, codec.encode(value));
  }

  /** Stages a value. */
  put(key: string, value: Uint8Array): void {
    this.#assertOpen();
    this.#staged.set(key, value);
  }

  /** Stages a removal. */
  delete(key: string): void {
    this.#assertOpen();
    this.#staged.set(key, undefined);
  }

  /** Calls back once the changes are durable; never if they are not. */
  afterCommit(callback: () => void): void {
    this.#assertOpen();
    this.#afterCommit.push(callback);
  }

  /** Remembers the staged changes, so that later ones can be taken back. */
  checkpoint(): { restore(): void } {
    const staged = new Map(this.#staged);
    const callbackCount = this.#afterCommit.length;
    return {
      restore: () => {
        this.#staged.clear();
        for (const [key, value] of staged) this.#staged.set(key, value);
        this.#afterCommit.length = callbackCount;
      },
    };
  }

  /** Ends the unit. @returns what to commit and what to call after it */
  close(): { readonly changes: readonly StorageChange[]; readonly afterCommit: readonly (() => void)[] } {
    this.#closed = true;
    const changes = [...this.#staged].map(([key, value]) => ({ key, value }));
    return { changes, afterCommit: this.#afterCommit };
  }

  #assertOpen(): void {
    if (this.#closed) throw new SottoError('unit-closed');
  }
}
