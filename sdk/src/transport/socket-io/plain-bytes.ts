/** Byte strings as `Uint8Array`, whatever the platform's sockets make of them. Knows no schema. */

/** Deeper than any frame of the wire. */
const maxDepth = 8;

/**
 * Replaces what a socket gives as `ArrayBuffer` or `Buffer` by plain `Uint8Array`s, inside arrays and
 * plain objects too. What is nested too deep is left out: no schema would take it.
 */
export function plainBytes(value: unknown, depth = 0): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxDepth) return undefined;
  if (Array.isArray(value)) return value.map((item) => plainBytes(item, depth + 1));
  const entries = Object.entries(value).map(([key, item]) => [key, plainBytes(item, depth + 1)] as const);
  return Object.fromEntries(entries);
}
