/** Reads a record field by field, never past its end. Knows no record. */
import { SottoError } from '../../../errors.js';

/** A cursor over a record. Every read throws `engine-record-invalid` where the bytes do not suffice or fit. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** @param bytes - not copied: what is read are views of it */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.fixed(1)[0] as number;
  }

  u32(): number {
    const [a, b, c, d] = this.fixed(4) as unknown as [number, number, number, number];
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }

  /** The shortest LEB128 of a whole number below 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value) || (byte === 0 && scale > 1)) break;
        return value;
      }
    }
    throw new SottoError('engine-record-invalid');
  }

  /** A count, so that no loop over untrusted bytes is longer than was meant. */
  count(max: number): number {
    const value = this.varint();
    if (value > max) throw new SottoError('engine-record-invalid');
    return value;
  }

  /** The next bytes, as a view. */
  fixed(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new SottoError('engine-record-invalid');
    const view = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return view;
  }

  sized(maxLength: number): Uint8Array {
    return this.fixed(this.count(maxLength));
  }

  optional<Value>(read: () => Value): Value | undefined {
    const flag = this.u8();
    if (flag > 1) throw new SottoError('engine-record-invalid');
    return flag === 1 ? read() : undefined;
  }

  /** Refuses bytes that nobody asked for. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw new SottoError('engine-record-invalid');
  }
}
