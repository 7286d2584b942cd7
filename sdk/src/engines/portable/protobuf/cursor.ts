/**
 * Reads the pieces that protobuf is made of, and no byte beyond the end (spec: primitives 1.0). Knows
 * wire types and no schema.
 */
import { SottoError } from '../../../errors.js';
import { wireTypes } from './wire.js';

/** A varint of 64 bits. */
const maxVarintLength = 10;

/** Nested groups and messages; what the protocol's peers allow. No message of ours needs more than two. */
export const maxDepth = 100;

const maxTag = 0xffffffff;

/** The failure of everything in this folder. */
export function malformed(cause?: unknown): SottoError {
  return new SottoError('invalid-message', ...(cause === undefined ? [] : [{ cause }]));
}

/** A place in some bytes. Every read throws `invalid-message` where the bytes do not suffice or fit. */
export class Cursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** @param bytes - not copied: what is read are views of it */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** A tag: eight times the field's number, plus the wire type. */
  tag(): number {
    const tag = this.#varint();
    if (tag > maxTag || tag < 8) throw malformed();
    return tag;
  }

  /** A varint modulo 2^32. */
  uint32(): number {
    const first = this.#bytes[this.#offset];
    if (first !== undefined && first < 0x80) {
      this.#offset += 1;
      return first;
    }
    const start = this.#offset;
    this.#skipVarint();
    let value = 0;
    // Five bytes carry 35 bits; a shift drops those beyond the 32nd.
    for (let index = 0; index < 5 && start + index < this.#offset; index += 1) {
      value |= ((this.#bytes[start + index] as number) & 0x7f) << (7 * index);
    }
    return value >>> 0;
  }

  uint64(): bigint {
    const start = this.#offset;
    this.#skipVarint();
    let value = 0n;
    for (let index = this.#offset - 1; index >= start; index -= 1) {
      value = (value << 7n) | BigInt((this.#bytes[index] as number) & 0x7f);
    }
    return value;
  }

  fixed64(): bigint {
    const bytes = this.#take(8);
    let value = 0n;
    for (let index = 7; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[index] as number);
    return value;
  }

  /** Bytes after their length, as a view. */
  sized(): Uint8Array {
    return this.#take(this.#varint());
  }

  /** Passes over a field that nobody knows. */
  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case wireTypes.varint:
        return this.#skipVarint();
      case wireTypes.fixed64:
        return void this.#take(8);
      case wireTypes.sized:
        return void this.sized();
      case wireTypes.startGroup:
        return this.#skipGroup(tag >>> 3, depth);
      case wireTypes.fixed32:
        return void this.#take(4);
      default:
        throw malformed();
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth >= maxDepth) throw malformed();
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) !== wireTypes.endGroup) this.skip(tag, depth + 1);
      else if (tag >>> 3 === field) return;
      else throw malformed();
    }
  }

  /** Exact below 2^53; above that only its size is used. */
  #varint(): number {
    const first = this.#bytes[this.#offset];
    if (first !== undefined && first < 0x80) {
      this.#offset += 1;
      return first;
    }
    const start = this.#offset;
    this.#skipVarint();
    let value = 0;
    for (let index = this.#offset - 1; index >= start; index -= 1) {
      value = value * 0x80 + ((this.#bytes[index] as number) & 0x7f);
    }
    return value;
  }

  #skipVarint(): void {
    for (let length = 1; length <= maxVarintLength; length += 1) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) throw malformed();
      this.#offset += 1;
      if (byte >= 0x80) continue;
      // The tenth byte has room for the 64th bit alone.
      if (length === maxVarintLength && byte > 1) throw malformed();
      return;
    }
    throw malformed();
  }

  #take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw malformed();
    const view = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return view;
  }
}
