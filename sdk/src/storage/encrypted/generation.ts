/**
 * One generation of keys: how it names and seals what the store below gets to see. Knows no adapter.
 *
 * A sealed record is `1 ‖ nonce ‖ ciphertext ‖ tag`, with the key it lies under as associated data. In a
 * value's record: one byte that tells whether it goes on in a tail, two for the length of its name, the name,
 * the value. In a tail: the nonce of the record it belongs to, and the rest of the value.
 */
import { ascii, concatBytes, equalBytes, fromUtf8 } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { Random } from '../../ports/host.js';
import type { StorageChange } from '../../ports/storage.js';
import {
  associatedData,
  deriveBytes,
  deriveRecordKey,
  open,
  seal,
  sealOverheadBytes,
  type Sealing,
  type SealingKey,
} from './cipher.js';
import { readHeader } from './header.js';
import { counterKey, tailsPrefix, valuesPrefix } from './layout.js';
import { HiddenNames } from './names.js';

const recordVersion = 1;
const recordLabel = associatedData('sotto storage record v1', new Uint8Array());
const nonceBytes = 12;
/**
 * The store below takes values of 16 MiB, and so does this one; a record is longer than its value by at most
 * 544 bytes. What is beyond this lies in a tail.
 */
const maxHeadBytes = 16 * 1024 * 1024 - 1_024;

/** A value's record, opened. */
export interface OpenedRecord {
  readonly name: string;
  readonly value: Uint8Array;
  /** The record's own nonce, when the value goes on in a tail. */
  readonly continued: Uint8Array | undefined;
}

/** See the header. */
export class Generation {
  readonly number: number;
  /** The bytes of the header that it was opened with. */
  readonly header: Uint8Array;
  readonly #key: SealingKey;
  readonly #names: HiddenNames;
  readonly #random: Random;

  private constructor(
    { number, header }: { readonly number: number; readonly header: Uint8Array },
    keys: { readonly key: SealingKey; readonly names: HiddenNames },
    random: Random,
  ) {
    this.number = number;
    this.header = header;
    this.#key = keys.key;
    this.#names = keys.names;
    this.#random = random;
  }

  /** Derives its keys. @param header - whose root it is @throws SottoError `storage-corrupt` */
  static async from(header: Uint8Array, root: CryptoKey, random: Random): Promise<Generation> {
    const { generation, naming } = readHeader(header);
    const key = await deriveRecordKey(root, 'sotto storage values v1');
    const names = new HiddenNames(await deriveBytes(root, 'sotto storage names v1'), naming);
    return new Generation({ number: generation, header }, { key, names }, random);
  }

  /** Where a value lies below. */
  valueKey(name: string): string {
    return `${valuesPrefix(this.number)}${this.#names.key(name)}`;
  }

  /** Where the rest of a large value lies below. */
  tailKey(name: string): string {
    return `${tailsPrefix(this.number)}${this.#names.tag(name)}`;
  }

  /** Under what everything below a prefix lies; deep ones share it with others. */
  listPrefix(prefix: string): string {
    return `${valuesPrefix(this.number)}${this.#names.prefix(prefix)}`;
  }

  /** How many seals a value takes. */
  sealsFor(value: Uint8Array): number {
    return value.length > maxHeadBytes ? 2 : 1;
  }

  /** A value, sealed: one put, or two. */
  async sealValue(name: string, value: Uint8Array): Promise<StorageChange[]> {
    const encodedName = ascii(name);
    const continued = value.length > maxHeadBytes;
    const head = Uint8Array.of(continued ? 1 : 0, encodedName.length >> 8, encodedName.length & 0xff);
    const record = await this.#seal(
      this.valueKey(name),
      concatBytes(head, encodedName, continued ? value.subarray(0, maxHeadBytes) : value),
    );
    if (!continued) return [record];
    const tail = concatBytes(nonceOf(record.value), value.subarray(maxHeadBytes));
    return [record, await this.#seal(this.tailKey(name), tail)];
  }

  /** @throws SottoError `storage-tampered`, `storage-corrupt` */
  async openValue(key: string, sealed: Uint8Array): Promise<OpenedRecord> {
    const plain = await this.#open(key, sealed);
    const nameEnd = 3 + (((plain[1] ?? 0) << 8) | (plain[2] ?? 0));
    if (plain.length < nameEnd) throw new SottoError('storage-corrupt');
    return {
      name: fromUtf8(plain.subarray(3, nameEnd)),
      value: plain.slice(nameEnd),
      continued: plain[0] === 1 ? nonceOf(sealed) : undefined,
    };
  }

  /** @param nonce - of the record that the tail must belong to @throws SottoError `storage-tampered` */
  async openTail(key: string, sealed: Uint8Array | undefined, nonce: Uint8Array): Promise<Uint8Array> {
    const plain = sealed && (await this.#open(key, sealed));
    if (!plain || !equalBytes(plain.subarray(0, nonceBytes), nonce)) throw new SottoError('storage-tampered');
    return plain.subarray(nonceBytes);
  }

  /** A count of seals, sealed. */
  async sealCount(count: number): Promise<StorageChange> {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, count);
    return this.#seal(counterKey(this.number), bytes);
  }

  /** @throws SottoError `storage-tampered` when it is missing or not what was written */
  async openCount(sealed: Uint8Array | undefined): Promise<number> {
    const bytes = sealed && (await this.#open(counterKey(this.number), sealed));
    if (bytes?.length !== 4) throw new SottoError('storage-tampered');
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  }

  #sealing(key: string): Sealing {
    return { key: this.#key, associated: concatBytes(recordLabel, ascii(key)) };
  }

  async #seal(key: string, plaintext: Uint8Array): Promise<{ key: string; value: Uint8Array }> {
    const sealed = await seal(this.#sealing(key), plaintext, this.#random);
    return { key, value: concatBytes(Uint8Array.of(recordVersion), sealed) };
  }

  async #open(key: string, sealed: Uint8Array): Promise<Uint8Array> {
    if (sealed.length < 1 + sealOverheadBytes) throw new SottoError('storage-tampered');
    if (sealed[0] !== recordVersion) throw new SottoError('storage-corrupt');
    const plain = await open(this.#sealing(key), sealed.subarray(1));
    if (!plain) throw new SottoError('storage-tampered');
    return plain;
  }
}

function nonceOf(sealed: Uint8Array): Uint8Array {
  return sealed.slice(1, 1 + nonceBytes);
}
