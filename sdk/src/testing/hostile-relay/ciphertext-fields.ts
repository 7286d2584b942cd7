/** The fields of a message that begins a session, as they stand in the open: where a relay can turn them. */
import { fail } from '../assert.js';

/** A field of the protobuf behind the version byte: where it lies, tag included. */
interface CiphertextField {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** The numbers of those that nothing authenticates by itself. */
export const prekeyFields = { identityKey: 3, registrationId: 5 } as const;

const lengthDelimited = 2;

/** The fields, in the order they stand in. */
export function fieldsOfCiphertext(message: Uint8Array): CiphertextField[] {
  const fields: CiphertextField[] = [];
  for (let start = 1; start < message.length;) {
    const tag = varint(message, start);
    const first = varint(message, tag.end);
    const end = (tag.value & 7) === lengthDelimited ? first.end + first.value : first.end;
    fields.push({ number: tag.value >> 3, start, end });
    start = end;
  }
  return fields;
}

function varint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let index = at, shift = 0; index < bytes.length; index += 1, shift += 7) {
    const byte = bytes[index] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: index + 1 };
  }
  return fail('a number without an end');
}
