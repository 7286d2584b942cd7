/** Turns PostgreSQL's text values into the program's, and arrays into PostgreSQL's text: the same for both drivers. */

/**
 * Reads an `int8`.
 * @throws RangeError for a value that a JavaScript number cannot hold exactly
 */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('an int8 column holds more than 2^53');
  return value;
}

/**
 * Reads a `bytea` in PostgreSQL's hex form into memory of its own (not Node's shared buffer pool).
 * @throws RangeError for any other form
 */
export function parseBytea(text: string): Uint8Array {
  if (!text.startsWith('\\x')) throw new RangeError('a bytea value is not in hex form');
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

function elementText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, length } = value;
    return `"\\\\x${Buffer.from(buffer, byteOffset, length).toString('hex')}"`;
  }
  return `"${String(value as string | number | boolean).replace(/["\\]/g, '\\$&')}"`;
}

/** Spells a one-dimensional array of numbers, texts, bytes and nulls. */
export function arrayText(values: readonly unknown[]): string {
  return `{${values.map(elementText).join()}}`;
}
