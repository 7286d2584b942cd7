/**
 * The storage port over another storage, which gets to see sealed values under hidden names. Puts generations,
 * readers and writers together; knows no cipher.
 */
import { equalBytes } from '../../bytes.js';
import { SottoError, isSottoError } from '../../errors.js';
import { systemRandom } from '../../host.js';
import type { Random } from '../../ports/host.js';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../../ports/storage.js';
import type { StorageHealth } from '../../ports/storage-health.js';
import { healthOf, stateOfFailure, withState, type Surroundings } from '../health.js';
import { assertStorageKey, assertStoragePrefix, assertStorageValue } from '../keys.js';
import { Generation } from './generation.js';
import { makeHeader, openRoot, readHeader } from './header.js';
import { headerKey, nextHeaderKey } from './layout.js';
import { moveStore, removeGeneration, resumeMove } from './rotation.js';
import { sealBounds, type SealBounds } from './seal-counter.js';
import { SealedReader, SealedWriter } from './sealed-store.js';
import { keySource, type KeyRecord, type KeySource, type StorageKey } from './storage-key.js';

/** A storage that encrypts, over another one. */
export interface EncryptedStorage extends StorageAdapter {
  /**
   * Encrypts everything anew, under another key or under the same: nothing that was read with the old one can
   * be read with it afterwards. Commits wait meanwhile. Whole or not at all: after a crash the storage opens with
   * the old key until the last step, with the new one from then on. One that was cut goes on where it was when it
   * is called again with the same key before anything is committed; under the same key as before, the next
   * `acquire` does that by itself. The next commit otherwise removes what is left. Needs room for everything twice.
   * @param key - for which the rules of {@link encryptedStorage} hold
   * @throws SottoError `fenced`, `storage-tampered`, `storage-closed`
   */
  rotate(key: StorageKey, options: { readonly fence: StorageFence }): Promise<void>;

  /**
   * What the storage below says of itself, and whether the key opens it.
   * @throws SottoError `storage-closed`, `kdf-memory`
   */
  health(): Promise<StorageHealth>;
}

/** Options of {@link encryptedStorage}. */
export interface EncryptedStorageOptions {
  /** Where nonces, salts and keys come from; the platform by default. */
  readonly random?: Random;
  /**
   * Removes the key where it is kept, such as `() => removeDeviceKey(name)`. Called by `destroy`, and so by
   * `account.signOut`, once the data are gone and before anybody can open the storage anew: whoever removes it
   * later could remove the key of what another tab has begun since. What it rejects with, `destroy` does.
   */
  readonly removeKey?: () => Promise<void>;
}

/** A header may be exchanged between two reads, once per rotation. */
const maxOpenings = 3;

/**
 * Encrypts what is stored in another storage, of which it needs all: values by AES-256-GCM, names by HMAC. An
 * empty storage takes any key. What still shows: how many pairs there are, how long the values are, which
 * names share their beginnings, which end in a number and lie within the same sixty-four, and what changes when.
 * That a single value is replaced by an older one of the same name is not noticed. Durability, fences and
 * closing are those of the storage below.
 *
 * Besides the errors of the port, every method but `close` rejects with `storage-wrong-key` when the storage
 * was encrypted under another key, `storage-tampered` when something in it was changed, moved or removed from
 * outside, and `storage-corrupt` when it is of a later version or no encrypted storage; under a passphrase with
 * `kdf-memory`, too, where the machine has not the memory to derive its key.
 * @param inner - not to be used beside it
 * @param key - a `Secret` of 32 bytes (read before this returns; the caller may wipe it then), a `CryptoKey` as
 *   `deviceKey` makes it, or a `passphraseKey`
 * @throws TypeError when the key is none of these
 */
export function encryptedStorage(
  inner: StorageAdapter,
  key: StorageKey,
  options: EncryptedStorageOptions = {},
): EncryptedStorage {
  const { random = systemRandom, removeKey } = options;
  return new SealedStorage(inner, keySource(key), random, sealBounds, removeKey);
}

/** Exported for tests of its bounds. */
export class SealedStorage implements EncryptedStorage {
  readonly #inner: StorageAdapter;
  readonly #random: Random;
  readonly #bounds: SealBounds;
  readonly #removeKey: (() => Promise<void>) | undefined;
  #source: KeySource;
  /** The last key derived: a passphrase takes its time. */
  #derived: { readonly record: KeyRecord; readonly key: Promise<CryptoKey> } | undefined;
  /** The last header opened. */
  #generation: Generation | undefined;
  #writer: SealedWriter | undefined;
  /** The header of a generation that a move was cut on the way to; it can go on until something is committed. */
  #next: Uint8Array | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    inner: StorageAdapter,
    source: KeySource,
    random: Random,
    bounds: SealBounds,
    removeKey?: () => Promise<void>,
  ) {
    this.#removeKey = removeKey;
    this.#inner = inner;
    this.#source = source;
    this.#random = random;
    this.#bounds = bounds;
  }

  get durability(): StorageAdapter['durability'] {
    return this.#inner.durability;
  }

  acquire(): Promise<StorageFence> {
    return this.#inTurn(async () => {
      // First, so that whoever has no key takes the storage from nobody.
      await this.#open();
      const fence = await this.#inner.acquire();
      // What the writer before has committed counts from here on.
      this.#writer = undefined;
      await this.#tidy({ fence }).catch((error: unknown) => {
        // Somebody else has acquired since; the first commit will say so.
        if (!isSottoError(error, 'fenced')) throw error;
      });
      return fence;
    });
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertOpen();
    for (const key of keys) assertStorageKey(key);
    for (let opening = 0; opening < maxOpenings; opening += 1) {
      const generation = this.#generation ?? (await this.#open());
      if (!generation) return keys.map(() => undefined);
      const values = await new SealedReader(this.#inner, generation).get(keys);
      if (values) return values;
      await this.#open();
    }
    throw new SottoError('storage-failed', { cause: new Error('the keys changed with every read') });
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    this.#assertOpen();
    assertStoragePrefix(prefix);
    const generation = await this.#open();
    if (!generation) return;
    for await (const entry of new SealedReader(this.#inner, generation).list(prefix)) {
      this.#assertOpen();
      yield entry;
    }
    if ((await this.#open()) === generation) return;
    throw new SottoError('storage-failed', { cause: new Error('the key was rotated during a list') });
  }

  async commit(changes: readonly StorageChange[], options: { readonly fence: StorageFence }): Promise<void> {
    this.#assertOpen();
    // Copied now: the caller may change its arrays while this waits for its turn.
    const copies = changes.map(copyOf);
    await this.#inTurn(async () => {
      const writer = this.#writer ?? (await this.#openWriter());
      if (writer && this.#next) await this.#giveUpMove(writer, options);
      if (writer) await writer.commit(copies, options);
      else await this.#begin(copies, options);
    });
  }

  rotate(key: StorageKey, options: { readonly fence: StorageFence }): Promise<void> {
    const source = keySource(key);
    return this.#inTurn(() => this.#rotate(source, options));
  }

  destroy(options: { readonly fence: StorageFence }): Promise<void> {
    return this.#inTurn(async () => {
      await this.#inner.destroy(options);
      this.#closed = true;
      await this.#removeKey?.();
    });
  }

  async health(): Promise<StorageHealth> {
    this.#assertOpen();
    const below = (await this.#inner.health?.()) ?? healthOf('new', {}, this.#surroundings());
    if (below.state !== 'new' && below.state !== 'ready') return below;
    try {
      return withState(below, (await this.#open()) ? 'ready' : 'new');
    } catch (error) {
      this.#assertOpen();
      return withState(below, stateOfFailure(error));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await this.#inner.close();
    this.#generation = undefined;
    this.#writer = undefined;
    this.#derived = undefined;
  }

  /** One after another; what was accepted before `close` still happens. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new SottoError('storage-closed'));
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** The generation that the store is in now; none when it is empty. */
  async #open(): Promise<Generation | undefined> {
    const [header] = await this.#inner.get([headerKey]);
    if (!header) return this.#openEmpty();
    if (this.#generation && equalBytes(this.#generation.header, header)) return this.#generation;
    const read = readHeader(header);
    const root = await openRoot(read, await this.#derive(read.key));
    this.#generation = await Generation.from(header, root, this.#random);
    return this.#generation;
  }

  /** A store without a header has nothing else in it, or somebody took the header away. */
  async #openEmpty(): Promise<undefined> {
    for await (const _ of this.#inner.list('')) {
      // One that another adapter has just begun has its header by now.
      const [header] = await this.#inner.get([headerKey]);
      if (!header) throw new SottoError('storage-tampered');
      break;
    }
    this.#generation = undefined;
    return undefined;
  }

  async #openWriter(): Promise<SealedWriter | undefined> {
    const generation = await this.#open();
    if (!generation) return undefined;
    await this.#lookForNext(generation);
    this.#writer = await SealedWriter.of(this.#inner, generation, this.#bounds);
    return this.#writer;
  }

  async #lookForNext({ number }: Generation): Promise<void> {
    [this.#next] = await this.#inner.get([nextHeaderKey(number + 1)]);
  }

  /** What is copied would not be what is there. */
  async #giveUpMove({ generation }: SealedWriter, options: { readonly fence: StorageFence }): Promise<void> {
    await removeGeneration(this.#inner, generation.number + 1, options);
    this.#next = undefined;
  }

  /** The first commit of a store brings the header. */
  async #begin(changes: readonly StorageChange[], options: { readonly fence: StorageFence }): Promise<void> {
    const generation = await this.#newGeneration(1, this.#source);
    const writer = SealedWriter.fresh(this.#inner, generation, this.#bounds);
    await writer.commitWithHeader(changes, options);
    this.#generation = generation;
    this.#writer = writer;
  }

  async #newGeneration(number: number, source: KeySource): Promise<Generation> {
    const { header, root } = await makeHeader(number, source, this.#random);
    return Generation.from(header, root, this.#random);
  }

  /** What a new writer does first. */
  async #tidy(options: { readonly fence: StorageFence }): Promise<void> {
    const writer = await this.#openWriter();
    if (!writer) return;
    const { number } = writer.generation;
    if (number > 1) await removeGeneration(this.#inner, number - 1, options);
    if (!this.#next) await removeGeneration(this.#inner, number + 1, options);
    const isOurs = (await this.#openNext(number + 1, this.#source)) !== undefined;
    if (isOurs || writer.counter.isWorn) await this.#rotate(this.#source, options);
  }

  async #rotate(source: KeySource, options: { readonly fence: StorageFence }): Promise<void> {
    // Also where there is nothing to copy.
    await this.#inner.commit([], options);
    const generation = await this.#open();
    if (generation) {
      await this.#lookForNext(generation);
      await this.#move(generation, source, options);
    }
    this.#source = source;
    this.#derived = undefined;
  }

  async #move(from: Generation, source: KeySource, options: { readonly fence: StorageFence }): Promise<void> {
    const reader = new SealedReader(this.#inner, from);
    const begun = await this.#openNext(from.number + 1, source);
    const next = begun ?? (await this.#newGeneration(from.number + 1, source));
    const writer = begun
      ? await SealedWriter.of(this.#inner, begun, this.#bounds)
      : SealedWriter.fresh(this.#inner, next, this.#bounds);
    // Until it is done; and when it fails, until a commit gives it up.
    this.#next = next.header;
    await (begun ? resumeMove : moveStore)(this.#inner, reader, writer, options);
    this.#next = undefined;
    this.#generation = next;
    this.#writer = writer;
  }

  /** The generation that a move was cut on the way to, if it is under this key. */
  async #openNext(number: number, source: KeySource): Promise<Generation | undefined> {
    const header = this.#next;
    if (!header) return undefined;
    try {
      const read = readHeader(header);
      if (read.generation !== number) return undefined;
      const root = await openRoot(read, await source.derive(read.key));
      return await Generation.from(header, root, this.#random);
    } catch (error) {
      // Another key's, or damaged: then it is begun anew.
      if (isSottoError(error)) return undefined;
      throw error;
    }
  }

  /** Once per header, not per opening. */
  #derive(record: KeyRecord): Promise<CryptoKey> {
    if (!this.#derived || !isSameRecord(this.#derived.record, record)) {
      const key = this.#source.derive(record);
      this.#derived = { record, key };
      key.catch(() => (this.#derived = undefined));
    }
    return this.#derived.key;
  }

  /** Of a storage below that says nothing of itself. */
  #surroundings(): Surroundings {
    const { durability } = this.#inner;
    return { durability, persistence: 'unknown', usageBytes: undefined, quotaBytes: undefined };
  }

  #assertOpen(): void {
    if (this.#closed) throw new SottoError('storage-closed');
  }
}

function isSameRecord(one: KeyRecord, other: KeyRecord): boolean {
  if (one.kind !== 'passphrase' || other.kind !== 'passphrase') return one.kind === other.kind;
  const isSameCost = one.cost.logN === other.cost.logN && one.cost.p === other.cost.p;
  return isSameCost && equalBytes(one.salt, other.salt);
}

function copyOf({ key, value }: StorageChange): StorageChange {
  assertStorageKey(key);
  assertStorageValue(value);
  return { key, value: value && new Uint8Array(value) };
}
