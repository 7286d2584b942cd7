/** The fields of a Signal message that stand in the open, for tests that turn or compare them. */
import { toBase64Url, type CiphertextKind } from '../../src/wire/index.js';

/** A field of the protobuf behind the version byte: where it lies (tag included), and its bytes or number. */
export interface CiphertextField {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly bytes?: Uint8Array;
  readonly value?: number;
}

/** The field of a message that begins a session which holds a message within it. */
const prekeyFields = { message: 4 } as const;
const messageFields = { ratchetKey: 1, counter: 2, ciphertext: 4 } as const;
const macLength = 8;

/**
 * The fields, in the order they stand in.
 * @param end - where the protobuf ends; a `message` has its MAC behind it
 */
function fieldsOf(message: Uint8Array, end = message.length): CiphertextField[] {
  const fields: CiphertextField[] = [];
  for (let start = 1; start < end;) {
    const tag = varint(message, start);
    const first = varint(message, tag.end);
    const number = tag.value >> 3;
    if ((tag.value & 7) === 2) {
      const fieldEnd = first.end + first.value;
      fields.push({ number, start, end: fieldEnd, bytes: message.subarray(first.end, fieldEnd) });
      start = fieldEnd;
    } else {
      fields.push({ number, start, end: first.end, value: first.value });
      start = first.end;
    }
  }
  return fields;
}

/** The fields of the message, which may lie within one that begins a session. */
function innerFields(kind: CiphertextKind, ciphertext: Uint8Array): CiphertextField[] {
  const inner =
    kind === 'prekey'
      ? fieldsOf(ciphertext).find(({ number }) => number === prekeyFields.message)!.bytes!
      : ciphertext;
  return fieldsOf(inner, inner.length - macLength);
}

/** What the message key has encrypted. */
export function messageBodyOf(kind: CiphertextKind, ciphertext: Uint8Array): Uint8Array {
  return innerFields(kind, ciphertext).find(({ number }) => number === messageFields.ciphertext)!.bytes!;
}

/** Which message key a ciphertext was made with: the ratchet key and the counter in its chain. */
export function messageKeyOf(kind: CiphertextKind, ciphertext: Uint8Array): string {
  const fields = innerFields(kind, ciphertext);
  const ratchetKey = fields.find(({ number }) => number === messageFields.ratchetKey)!.bytes!;
  const counter = fields.find(({ number }) => number === messageFields.counter)!.value!;
  return `${toBase64Url(ratchetKey)} ${counter}`;
}

function varint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let index = at, shift = 0; ; index += 1, shift += 7) {
    const byte = bytes[index]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: index + 1 };
  }
}

/** A message that says another place in its chain, and another ratchet key if one is given; its MAC is of the old ones. */
export function claimingPlace(
  message: Uint8Array,
  counter: number,
  ratchetKey?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const parts = fieldsOf(message, message.length - macLength).map((field) => {
    if (field.number === messageFields.counter) return [field.number << 3, ...varintBytes(counter)];
    if (field.number === messageFields.ratchetKey && ratchetKey)
      return [(field.number << 3) | 2, ratchetKey.length, ...ratchetKey];
    return [...message.subarray(field.start, field.end)];
  });
  return Uint8Array.from([message[0]!, ...parts.flat(), ...message.subarray(message.length - macLength)]);
}

function varintBytes(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varintBytes(Math.floor(value / 0x80))];
}
