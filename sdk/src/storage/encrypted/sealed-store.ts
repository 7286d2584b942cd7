/**
 * Sealed reads and writes under one generation of keys: what a commit becomes for the store below, and what is
 * read there becomes again. Knows no fence's owner, no turns and no closing.
 */
import { equalBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../../ports/storage.js';
import type { Generation, OpenedRecord } from './generation.js';
import { counterKey, headerKey, nextHeaderKey, tailsPrefix } from './layout.js';
import { SealCounter, type SealBounds } from './seal-counter.js';

/** A large value is read once to see that it goes on, and once with its tail; more when it changes meanwhile. */
const maxReads = 8;
/** Listed records are opened so many, or so many bytes, at a time: promises cost, and so does memory. */
const maxBatchEntries = 64;
const maxBatchBytes = 1024 * 1024;

interface CommitOptions {
  readonly fence: StorageFence;
}

function lastOfEach(changes: readonly StorageChange[]): StorageChange[] {
  return [...new Map(changes.map((change) => [change.key, change])).values()];
}

/** Pairs from an iterable in bounded groups. */
export async function* inBatches(entries: AsyncIterable<StorageEntry>): AsyncIterable<StorageEntry[]> {
  let batch: StorageEntry[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    batch.push(entry);
    bytes += entry.value.length;
    if (batch.length < maxBatchEntries && bytes < maxBatchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Reads under one generation. */
export class SealedReader {
  readonly generation: Generation;
  readonly #inner: StorageAdapter;

  constructor(inner: StorageAdapter, generation: Generation) {
    this.#inner = inner;
    this.generation = generation;
  }

  /**
   * The values of names, of one moment.
   * @returns `undefined` when the store has another header by now
   * @throws SottoError `storage-tampered`, `storage-corrupt`
   */
  async get(names: readonly string[]): Promise<(Uint8Array | undefined)[] | undefined> {
    const tails = new Set<string>();
    for (let read = 0; read < maxReads; read += 1) {
      const found = await this.#read(names, tails);
      if (found === undefined) return undefined;
      const missing = found.records.filter((record) => record?.continued && !tails.has(record.name));
      if (missing.length === 0)
        return Promise.all(found.records.map((each) => this.#whole(each, found.tails)));
      for (const record of missing) tails.add((record as OpenedRecord).name);
    }
    throw new SottoError('storage-failed', { cause: new Error('a large value changed with every read') });
  }

  /** Every pair under a prefix, as the port's `list`. */
  async *list(prefix: string): AsyncIterable<StorageEntry> {
    for await (const batch of inBatches(this.#inner.list(this.generation.listPrefix(prefix)))) {
      const opened = await Promise.all(batch.map(({ key, value }) => this.generation.openValue(key, value)));
      for (const { name, value, continued } of opened) {
        // A deep prefix lists more than its own.
        if (!name.startsWith(prefix)) continue;
        const whole = continued ? (await this.get([name]))?.[0] : value;
        // Removed since, or rotated: then whoever lists sees that at the end.
        if (whole) yield { key: name, value: whole };
      }
    }
  }

  /** One round trip: the header, the records, and the tails that are known to be needed. */
  async #read(names: readonly string[], tails: ReadonlySet<string>) {
    const { generation } = this;
    const keys = names.map((name) => generation.valueKey(name));
    const tailNames = [...tails];
    const tailKeys = tailNames.map((name) => generation.tailKey(name));
    const [header, ...values] = await this.#inner.get([headerKey, ...keys, ...tailKeys]);
    if (!header || !equalBytes(header, generation.header)) return undefined;
    const records = await Promise.all(
      names.map((name, index) => this.#openNamed(name, keys[index] as string, values[index])),
    );
    return { records, tails: new Map(tailNames.map((name, index) => [name, values[names.length + index]])) };
  }

  async #openNamed(name: string, key: string, sealed: Uint8Array | undefined) {
    if (!sealed) return undefined;
    const record = await this.generation.openValue(key, sealed);
    if (record.name !== name) throw new SottoError('storage-tampered');
    return record;
  }

  async #whole(
    record: OpenedRecord | undefined,
    tails: ReadonlyMap<string, Uint8Array | undefined>,
  ): Promise<Uint8Array | undefined> {
    if (!record?.continued) return record?.value;
    const { name, value, continued } = record;
    const tail = await this.generation.openTail(this.generation.tailKey(name), tails.get(name), continued);
    const whole = new Uint8Array(value.length + tail.length);
    whole.set(value);
    whole.set(tail, value.length);
    return whole;
  }
}

/** Writes under one generation, one commit after another. */
export class SealedWriter {
  readonly generation: Generation;
  readonly counter: SealCounter;
  readonly #inner: StorageAdapter;
  /** Where tails lie: nearly always nowhere. */
  readonly #tails: Set<string>;

  private constructor(
    inner: StorageAdapter,
    generation: Generation,
    counter: SealCounter,
    tails: Set<string>,
  ) {
    this.#inner = inner;
    this.generation = generation;
    this.counter = counter;
    this.#tails = tails;
  }

  /** For a generation that is in the store. */
  static async of(inner: StorageAdapter, generation: Generation, bounds: SealBounds): Promise<SealedWriter> {
    const [count] = await inner.get([counterKey(generation.number)]);
    const counter = new SealCounter(await generation.openCount(count), bounds);
    const tails = new Set<string>();
    for await (const { key } of inner.list(tailsPrefix(generation.number))) tails.add(key);
    return new SealedWriter(inner, generation, counter, tails);
  }

  /** For one that is not there yet. */
  static fresh(inner: StorageAdapter, generation: Generation, bounds: SealBounds): SealedWriter {
    return new SealedWriter(inner, generation, new SealCounter(0, bounds), new Set());
  }

  /** Commits changes, of which the last of a name wins. */
  async commit(changes: readonly StorageChange[], options: CommitOptions): Promise<void> {
    const last = lastOfEach(changes);
    const seals = this.#sealsFor(last);
    await this.#write(last, seals > 0 ? this.counter.take(seals) : undefined, [], options);
  }

  /** As {@link commit}, and puts this generation's header in place in the same commit. */
  async commitWithHeader(changes: readonly StorageChange[], options: CommitOptions): Promise<void> {
    const last = lastOfEach(changes);
    const { header, number } = this.generation;
    const exchange = [
      { key: headerKey, value: header },
      { key: nextHeaderKey(number), value: undefined },
    ];
    await this.#write(last, this.counter.renew(this.#sealsFor(last)), exchange, options);
  }

  /** Puts this generation's header beside the one in place: who has its key can go on with a move that is cut. */
  async announce(options: CommitOptions): Promise<void> {
    const { header, number } = this.generation;
    await this.#write([], this.counter.renew(0), [{ key: nextHeaderKey(number), value: header }], options);
  }

  #sealsFor(changes: readonly StorageChange[]): number {
    return changes.reduce((sum, { value }) => sum + (value ? this.generation.sealsFor(value) : 0), 0);
  }

  async #write(
    changes: readonly StorageChange[],
    count: number | undefined,
    also: readonly StorageChange[],
    options: CommitOptions,
  ): Promise<void> {
    const sealed = (await Promise.all(changes.map((change) => this.#sealed(change)))).flat();
    const counted = count === undefined ? [] : [await this.generation.sealCount(count)];
    await this.#inner.commit([...sealed, ...counted, ...also], options);
    if (count !== undefined) this.counter.written(count);
    this.#noteTails(sealed);
  }

  async #sealed({ key, value }: StorageChange): Promise<StorageChange[]> {
    const changes = value
      ? await this.generation.sealValue(key, value)
      : [{ key: this.generation.valueKey(key), value: undefined }];
    const tail = this.#tails.size > 0 ? this.generation.tailKey(key) : undefined;
    const isStale = tail !== undefined && this.#tails.has(tail) && changes.length === 1;
    return isStale ? [...changes, { key: tail, value: undefined }] : changes;
  }

  #noteTails(changes: readonly StorageChange[]): void {
    const prefix = tailsPrefix(this.generation.number);
    for (const { key, value } of changes) {
      if (!key.startsWith(prefix)) continue;
      if (value) this.#tails.add(key);
      else this.#tails.delete(key);
    }
  }
}
