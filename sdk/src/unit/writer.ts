/**
 * The device's one writer: units run one after another under a fence, each written by one commit.
 * Nothing that waits for the network belongs inside a unit. Knows no feature.
 */
import * as z from 'zod/mini';
import { SottoError, isSottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../ports/storage.js';
import { defineRecord, type RecordCodec } from './record.js';
import { Unit } from './unit.js';

const storeSeqKey = 'store-seq';
const storeSeqRecord = defineRecord(1, z.int().check(z.minimum(0)));
/** The count a storage was opened with, until its state has been vouched for since. */
const openedKey = 'store-opened';

/** Hears what is about to be committed; the commit waits for it. Must not reject. */
type CommitWatcher = (changes: readonly StorageChange[]) => Promise<void>;

/** Runs units of work. */
export class Writer {
  readonly #storage: StorageAdapter;
  readonly #fence: StorageFence;
  readonly #lazy = new Set<string>();
  readonly #onFenced: () => void;
  readonly #watchers = new Set<CommitWatcher>();
  #storeSeq: number;
  /** What the storage held when it was opened first since somebody has vouched for its state. */
  #opened: { readonly at: number; isStored: boolean } | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(parts: {
    storage: StorageAdapter;
    fence: StorageFence;
    storeSeq: number;
    opened: { at: number; isStored: boolean };
    onFenced: () => void;
  }) {
    this.#storage = parts.storage;
    this.#fence = parts.fence;
    this.#storeSeq = parts.storeSeq;
    this.#opened = parts.opened;
    this.#onFenced = parts.onFenced;
  }

  /**
   * Becomes the storage's writer.
   * @param onFenced - called once when another writer turns out to have taken over
   */
  static async open(storage: StorageAdapter, onFenced: () => void): Promise<Writer> {
    const fence = await storage.acquire();
    const [stored, earlier] = await storage.get([storeSeqKey, openedKey]);
    const storeSeq = stored ? storeSeqRecord.decode(stored) : 0;
    const opened = {
      at: earlier ? storeSeqRecord.decode(earlier) : storeSeq,
      isStored: earlier !== undefined,
    };
    return new Writer({ storage, fence, storeSeq, opened, onFenced });
  }

  /** How many commits this storage has seen; each writes it too. What is older has a lower one. */
  get storeSeq(): number {
    return this.#storeSeq;
  }

  /**
   * How many of these are sure to belong to one history. A storage that was put back to an older state is
   * opened with a lower count, which the commits that follow must not hide.
   */
  get vouchedSeq(): number {
    return this.#opened?.at ?? this.#storeSeq;
  }

  /** Stages that the state is known to go on, commits since it was opened included. */
  vouch(unit: Unit): void {
    if (!this.#opened) return;
    unit.delete(openedKey);
    unit.afterCommit(() => (this.#opened = undefined));
  }

  /** Lets the next commit count on from another number, if that is higher: the count of a later state. */
  raiseStoreSeq(storeSeq: number): void {
    this.#storeSeq = Math.max(this.#storeSeq, storeSeq);
  }

  /**
   * Runs a unit when its turn comes. If `work` resolves, its changes are durable before this does;
   * if it rejects, nothing has changed.
   * @throws SottoError `messenger-closed`, `fenced`, `storage-failed`, and whatever `work` throws
   */
  run<Result>(work: (unit: Unit) => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(() => this.#runNow(work));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Deletes a key with some later commit: for marks that are harmless if they stay. */
  deleteLazily(key: string): void {
    this.#lazy.add(key);
    if (this.#lazy.size >= limits.maxLazyChanges) void this.flush().catch(() => undefined);
  }

  /** Writes what was left for later. */
  async flush(): Promise<void> {
    if (this.#lazy.size > 0) await this.run(async () => undefined);
  }

  /** Committed values, outside of any unit. */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.assertOpen();
    return this.#storage.get(keys);
  }

  /** A committed record, outside of any unit. @throws SottoError `storage-corrupt` */
  async read<Value>(key: string, codec: RecordCodec<Value>): Promise<Value | undefined> {
    const [bytes] = await this.get([key]);
    return bytes && codec.decode(bytes);
  }

  /** Committed pairs, outside of any unit. */
  list(prefix: string): AsyncIterable<StorageEntry> {
    this.assertOpen();
    return this.#storage.list(prefix);
  }

  /** Shows what every commit is going to change, before it does. @returns stops it */
  watchCommits(watcher: CommitWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Waits for the units under way and lets go of the storage. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush().catch(() => undefined);
    this.#closed = true;
    await this.#tail;
    await this.#storage.close();
  }

  /** Deletes everything and lets go of the storage. */
  async destroy(): Promise<void> {
    this.assertOpen();
    this.#closed = true;
    await this.#tail;
    await this.#storage.destroy({ fence: this.#fence });
  }

  async #runNow<Result>(work: (unit: Unit) => Promise<Result>): Promise<Result> {
    this.assertOpen();
    const unit = new Unit(this.#storage);
    const result = await work(unit);
    const lazy = [...this.#lazy];
    for (const key of lazy) unit.delete(key);
    const { changes, afterCommit } = unit.close();
    if (changes.length > 0) await this.#commit(changes);
    for (const key of lazy) this.#lazy.delete(key);
    for (const callback of afterCommit) callback();
    return result;
  }

  async #commit(changes: Parameters<StorageAdapter['commit']>[0]): Promise<void> {
    try {
      const storeSeq = this.#storeSeq + 1;
      const counted = { key: storeSeqKey, value: storeSeqRecord.encode(storeSeq) };
      const opened = this.#openedChange(changes);
      for (const watcher of this.#watchers) await watcher(changes);
      await this.#storage.commit([...opened, ...changes, counted], { fence: this.#fence });
      this.#storeSeq = storeSeq;
      if (opened.length > 0 && this.#opened) this.#opened.isStored = true;
    } catch (error) {
      if (isSottoError(error, 'fenced')) {
        this.#closed = true;
        this.#onFenced();
      }
      throw error;
    }
  }

  /** The first commit writes down what the storage was opened with, unless an earlier life has. */
  #openedChange(changes: readonly StorageChange[]): StorageChange[] {
    if (!this.#opened || this.#opened.isStored || changes.some(({ key }) => key === openedKey)) return [];
    return [{ key: openedKey, value: storeSeqRecord.encode(this.#opened.at) }];
  }

  /** @throws SottoError `messenger-closed` */
  assertOpen(): void {
    if (this.#closed) throw new SottoError('messenger-closed');
  }
}
