/** Protobuf by hand, right and wrong: what vectors of messages are made of. Knows no message. */

/** Joins byte strings and single bytes. */
export function bytesOf(...parts: readonly (number | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
}

/** A varint of up to 64 bits. */
export function varint(value: number | bigint): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** A field whose value is a varint. */
export function number(field: number, value: number | bigint): Uint8Array<ArrayBuffer> {
  return bytesOf(varint(field * 8), varint(value));
}

/** A field of bytes. */
export function sized(field: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytesOf(varint(field * 8 + 2), varint(content.length), content);
}

/** A field of 64 bits in eight bytes. */
export function fixed64(field: number, value: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytesOf(varint(field * 8 + 1), bytes);
}

/** Unknown groups in each other. */
export function groups(depth: number): Uint8Array<ArrayBuffer> {
  return bytesOf(new Uint8Array(depth).fill(0x7b), new Uint8Array(depth).fill(0x7c));
}
