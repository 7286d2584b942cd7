/**
 * How an engine's records are framed: four letters that name the engine, the record version, the kind,
 * two zero bytes, a 32-bit checksum, then the payload. Knows no engine and no kind.
 *
 * The checksum finds damage, not tampering: whoever can write the store can write a checksum. Without
 * it a flipped bit in a ratchet would look like an endless row of forged messages.
 */
import { SottoError } from '../errors.js';

/** What tells an engine's records from others. */
export interface RecordFormatOptions<Kind extends string> {
  /** Four ASCII letters. */
  readonly magic: string;
  /** 1–255. */
  readonly version: number;
  /** The stored number of every kind, 0–255. */
  readonly kinds: Readonly<Record<Kind, number>>;
}

const headerLength = 12;

/** Frames and opens the records of one engine. */
export class RecordFormat<Kind extends string> {
  readonly #magic: readonly number[];
  readonly #version: number;
  readonly #kinds: Readonly<Record<Kind, number>>;

  constructor({ magic, version, kinds }: RecordFormatOptions<Kind>) {
    this.#magic = [...magic].map((letter) => letter.charCodeAt(0));
    this.#version = version;
    this.#kinds = kinds;
  }

  /** Frames a payload, which is copied. */
  frame(kind: Kind, payload: Uint8Array): Uint8Array {
    const record = new Uint8Array(headerLength + payload.length);
    record.set(this.#magic);
    record[4] = this.#version;
    record[5] = this.#kinds[kind];
    record.set(payload, headerLength);
    const sum = checksum(record);
    for (let index = 0; index < 4; index += 1) record[8 + index] = sum >>> (8 * index);
    return record;
  }

  /**
   * The number of a record's kind and its payload, which shares the record's memory.
   * @throws SottoError `engine-record-invalid` when it is not this engine's, of another version or damaged
   */
  open(record: Uint8Array): { readonly kind: number; readonly payload: Uint8Array } {
    if (!this.#isIntact(record)) throw new SottoError('engine-record-invalid');
    return { kind: record[5] as number, payload: record.subarray(headerLength) };
  }

  /**
   * The payload of a record of one kind, which shares the record's memory.
   * @throws SottoError `engine-record-invalid`
   */
  openOf(kind: Kind, record: Uint8Array): Uint8Array {
    const opened = this.open(record);
    if (opened.kind !== this.#kinds[kind]) throw new SottoError('engine-record-invalid');
    return opened.payload;
  }

  #isIntact(record: Uint8Array): boolean {
    if (record.length < headerLength || record[4] !== this.#version) return false;
    if (record[6] !== 0 || record[7] !== 0) return false;
    if (this.#magic.some((letter, index) => record[index] !== letter)) return false;
    const sum = checksum(record);
    for (let index = 0; index < 4; index += 1) {
      if (record[8 + index] !== ((sum >>> (8 * index)) & 0xff)) return false;
    }
    return true;
  }
}

const prime = 0x01000193;

/**
 * FNV-1a over the kind and the payload, a 32-bit word at a time in four lanes: each step is a bijection,
 * so a change within one word is always found. Byte by byte it would cost a tenth of a ratchet step.
 */
function checksum(record: Uint8Array): number {
  const words = wordsOf(record);
  let a = 0x811c9dc5 ^ (record[5] as number);
  let b = 0x9dc5811c;
  let c = 0x1c9dc581;
  let d = record.length;
  const whole = words.length & ~3;
  let index = 0;
  for (; index < whole; index += 4) {
    a = Math.imul(a ^ (words[index] as number), prime);
    b = Math.imul(b ^ (words[index + 1] as number), prime);
    c = Math.imul(c ^ (words[index + 2] as number), prime);
    d = Math.imul(d ^ (words[index + 3] as number), prime);
  }
  for (; index < words.length; index += 1) a = Math.imul(a ^ (words[index] as number), prime);
  for (let tail = record.length & ~3; tail < record.length; tail += 1)
    b = Math.imul(b ^ (record[tail] as number), prime);
  return Math.imul(Math.imul(Math.imul(a ^ b, prime) ^ c, prime) ^ d, prime);
}

/** The whole words of the payload. A record that a store placed at an odd offset is copied first. */
function wordsOf(record: Uint8Array): Int32Array {
  const aligned = record.byteOffset % 4 === 0 ? record : record.slice();
  return new Int32Array(
    aligned.buffer,
    aligned.byteOffset + headerLength,
    (record.length - headerLength) >> 2,
  );
}
