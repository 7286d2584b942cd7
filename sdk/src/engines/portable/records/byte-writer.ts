/** Writes a record field by field. Knows no record. */

/** Most records fit. */
const usualCapacity = 4096;

/** What the last writer wrote into, wiped: to make one anew would cost a tenth of a message. */
let spare: Uint8Array | undefined;

function takeBuffer(): Uint8Array {
  const taken = spare ?? new Uint8Array(usualCapacity);
  spare = undefined;
  return taken;
}

/** A growing byte string. Numbers are big-endian or LEB128. */
export class ByteWriter {
  #bytes = takeBuffer();
  #length = 0;

  /** One byte, 0–255. */
  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Four bytes, an unsigned 32-bit number. */
  u32(value: number): this {
    this.#reserve(4);
    for (let shift = 24; shift >= 0; shift -= 8) this.#bytes[this.#length++] = value >>> shift;
    return this;
  }

  /** LEB128 of a whole number below 2^53. */
  varint(value: number): this {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** Bytes whose length the reader knows. */
  fixed(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** Bytes after their length. */
  sized(value: Uint8Array): this {
    return this.varint(value.length).fixed(value);
  }

  /** A flag, then the value where there is one. */
  optional<Value>(value: Value | undefined, write: (value: Value) => void): this {
    this.u8(value === undefined ? 0 : 1);
    if (value !== undefined) write(value);
    return this;
  }

  /** What was written, in an array of its own. The writer is empty then. */
  finish(): Uint8Array {
    const finished = this.#bytes.slice(0, this.#length);
    this.#bytes.fill(0, 0, this.#length);
    if (this.#bytes.length === usualCapacity) spare = this.#bytes;
    this.#bytes = new Uint8Array();
    this.#length = 0;
    return finished;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
