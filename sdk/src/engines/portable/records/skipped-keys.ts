/**
 * Keys set aside for messages that may still come: 32 bytes each, under an ascending counter. They lie
 * in pages of their own, so that a message costs the page it touches and not all of them; what the
 * session's record keeps is a directory: per page a bitmap of the counters that are held. Knows no ratchet.
 *
 * An instance is the working copy of one step. When the step fails it is thrown away; when it succeeds
 * its directory and its changed pages are written.
 */
import { SottoError } from '../../../errors.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

const keyLength = 32;
const pageSize = 64;

/** Pages in a directory: no ratchet keeps more than 2,201 keys, and at worst each lies in a page of its own. */
const maxPages = 2_201;

/** A directory's greatest length: two bytes of count; per page a number of up to eight bytes and a bitmap of eight. */
export const maxDirectoryLength = 2 + maxPages * 16;

/** Reads a page by its number; `undefined` where there is none. */
export type LoadPage = (page: number) => Promise<Uint8Array | undefined>;

/** A page to write, or to delete where `keys` is `undefined`. */
export interface PageChange {
  readonly page: number;
  readonly keys: Uint8Array | undefined;
}

/** Which of a page's 64 counters are held, lowest first. */
interface Bitmap {
  readonly low: number;
  readonly high: number;
}

const emptyBitmap: Bitmap = { low: 0, high: 0 };

/** The directory of nothing. */
export const noSkippedKeys: Uint8Array = new ByteWriter().varint(0).finish();

/** See the header. */
export class SkippedKeys {
  /** In ascending order of pages; counters only ever grow. */
  readonly #directory: Map<number, Bitmap>;
  readonly #load: LoadPage;
  readonly #changed = new Map<number, Uint8Array>();
  #size: number;

  /**
   * @param directory - as {@link SkippedKeys.directory} gave it
   * @throws SottoError `engine-record-invalid`
   */
  constructor(directory: Uint8Array, load: LoadPage) {
    this.#directory = readDirectory(directory);
    this.#load = load;
    this.#size = 0;
    for (const bitmap of this.#directory.values()) this.#size += sizeOf(bitmap);
  }

  /** How many keys are held. */
  get size(): number {
    return this.#size;
  }

  /** Takes a key out; `undefined` when it is not held. */
  async take(counter: number): Promise<Uint8Array | undefined> {
    const page = pageOf(counter);
    const bitmap = this.#directory.get(page);
    if (!bitmap || !holds(bitmap, counter)) return undefined;
    const keys = await this.#keysOf(page, bitmap);
    const start = keyLength * rankOf(bitmap, counter);
    const key = keys.slice(start, start + keyLength);
    const rest = new Uint8Array(keys.length - keyLength);
    rest.set(keys.subarray(0, start));
    rest.set(keys.subarray(start + keyLength), start);
    this.#replace(page, without(bitmap, counter), rest);
    return key;
  }

  /**
   * Adds keys under consecutive counters.
   * @param first - greater than every counter held
   */
  async store(first: number, keys: readonly Uint8Array[]): Promise<void> {
    for (let done = 0; done < keys.length;) {
      const page = pageOf(first + done);
      const count = Math.min(keys.length - done, (page + 1) * pageSize - (first + done));
      await this.#append(page, first + done, keys.slice(done, done + count));
      done += count;
    }
  }

  /** Drops the keys of the lowest counters until no more than `max` are held. */
  async keepNewest(max: number): Promise<void> {
    for (const [page, bitmap] of this.#directory) {
      const excess = this.#size - max;
      if (excess <= 0) return;
      const count = Math.min(excess, sizeOf(bitmap));
      await this.#dropFirst(page, bitmap, count);
    }
  }

  /** Drops the keys of all counters below one. */
  async dropBelow(counter: number): Promise<void> {
    for (const [page, bitmap] of this.#directory) {
      if (page > pageOf(counter)) return;
      const count = page < pageOf(counter) ? sizeOf(bitmap) : rankOf(bitmap, counter);
      if (count > 0) await this.#dropFirst(page, bitmap, count);
    }
  }

  /** Drops all. */
  clear(): void {
    for (const page of [...this.#directory.keys()]) this.#replace(page, emptyBitmap, new Uint8Array());
  }

  /** What the session's record keeps: 10 bytes or so a page. */
  directory(): Uint8Array {
    const writer = new ByteWriter().varint(this.#directory.size);
    let previous = 0;
    for (const [page, { low, high }] of this.#directory) {
      writer
        .varint(page - previous)
        .u32(low)
        .u32(high);
      previous = page;
    }
    return writer.finish();
  }

  /** The pages to write or delete. */
  changes(): readonly PageChange[] {
    return [...this.#changed].map(([page, keys]) => ({ page, keys: keys.length > 0 ? keys : undefined }));
  }

  async #append(page: number, first: number, added: readonly Uint8Array[]): Promise<void> {
    const before = this.#directory.get(page) ?? emptyBitmap;
    const kept = await this.#keysOf(page, before);
    const keys = new Uint8Array(kept.length + added.length * keyLength);
    keys.set(kept);
    let bitmap = before;
    added.forEach((key, index) => {
      keys.set(key, kept.length + index * keyLength);
      bitmap = including(bitmap, first + index);
    });
    this.#replace(page, bitmap, keys);
  }

  async #dropFirst(page: number, bitmap: Bitmap, count: number): Promise<void> {
    if (count === sizeOf(bitmap)) {
      this.#replace(page, emptyBitmap, new Uint8Array());
      return;
    }
    const keys = await this.#keysOf(page, bitmap);
    this.#replace(page, withoutFirst(bitmap, count), keys.slice(count * keyLength));
  }

  async #keysOf(page: number, bitmap: Bitmap): Promise<Uint8Array> {
    const size = sizeOf(bitmap);
    if (size === 0) return new Uint8Array();
    const keys = this.#changed.get(page) ?? (await this.#load(page));
    if (keys?.length !== size * keyLength) throw new SottoError('engine-record-invalid');
    return keys;
  }

  #replace(page: number, bitmap: Bitmap, keys: Uint8Array): void {
    this.#size += sizeOf(bitmap) - sizeOf(this.#directory.get(page) ?? emptyBitmap);
    if (keys.length === 0) this.#directory.delete(page);
    else this.#directory.set(page, bitmap);
    this.#changed.set(page, keys);
  }
}

/** Every page a directory names: what to delete with it. */
export function pagesIn(directory: Uint8Array): readonly number[] {
  return [...readDirectory(directory).keys()];
}

function readDirectory(bytes: Uint8Array): Map<number, Bitmap> {
  const reader = new ByteReader(bytes);
  const directory = new Map<number, Bitmap>();
  const count = reader.count(maxPages);
  let page = 0;
  for (let index = 0; index < count; index += 1) {
    page += reader.varint();
    const bitmap = { low: reader.u32(), high: reader.u32() };
    if (directory.has(page) || sizeOf(bitmap) === 0 || !Number.isSafeInteger(page)) {
      throw new SottoError('engine-record-invalid');
    }
    directory.set(page, bitmap);
  }
  reader.end();
  return directory;
}

function pageOf(counter: number): number {
  return Math.floor(counter / pageSize);
}

/** How many lower counters of the page are held: where a counter's key begins. */
function rankOf({ low, high }: Bitmap, counter: number): number {
  const bit = counter % pageSize;
  if (bit < 32) return bitCount(low & lowBits(bit));
  return bitCount(low) + bitCount(high & lowBits(bit - 32));
}

function holds({ low, high }: Bitmap, counter: number): boolean {
  const bit = counter % pageSize;
  return ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 1;
}

function including({ low, high }: Bitmap, counter: number): Bitmap {
  const bit = counter % pageSize;
  if (bit < 32) return { low: (low | (1 << bit)) >>> 0, high };
  return { low, high: (high | (1 << (bit - 32))) >>> 0 };
}

function without({ low, high }: Bitmap, counter: number): Bitmap {
  const bit = counter % pageSize;
  if (bit < 32) return { low: (low & ~(1 << bit)) >>> 0, high };
  return { low, high: (high & ~(1 << (bit - 32))) >>> 0 };
}

function withoutFirst(bitmap: Bitmap, count: number): Bitmap {
  let { low, high } = bitmap;
  for (let dropped = 0; dropped < count; dropped += 1) {
    if (low !== 0) low = (low & (low - 1)) >>> 0;
    else high = (high & (high - 1)) >>> 0;
  }
  return { low, high };
}

function sizeOf({ low, high }: Bitmap): number {
  return bitCount(low) + bitCount(high);
}

/** A mask of the lowest bits, 0–31 of them. */
function lowBits(count: number): number {
  return (1 << count) - 1;
}

function bitCount(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
