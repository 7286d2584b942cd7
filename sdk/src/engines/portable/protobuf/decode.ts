/** Reads messages by their schemas, as strictly as the protocol's peers do (spec: primitives 1.0). */
import { fromUtf8 } from '../../../bytes.js';
import { Cursor, malformed, maxDepth } from './cursor.js';
import type { Field, Fields, Message, MessageSchema } from './schema.js';
import { wireTypeOf } from './wire.js';

type Decoded = Record<string, unknown>;

/**
 * Reads a message. Fields come in any order, unknown ones are passed over, the last occurrence of a
 * value wins, and nested messages that occur more than once are merged.
 * @returns what is bytes in it shares the memory of what was given
 * @throws SottoError `invalid-message`
 */
export function decode<F extends Fields>(schema: MessageSchema<F>, bytes: Uint8Array): Message<F> {
  return decodeOnto({ ...schema.absent }, schema, bytes, 0) as Message<F>;
}

function decodeOnto(message: Decoded, schema: MessageSchema, bytes: Uint8Array, depth: number): Decoded {
  const cursor = new Cursor(bytes);
  while (!cursor.atEnd) {
    const tag = cursor.tag();
    const known = schema.byNumber[tag >>> 3];
    if (known === undefined) {
      cursor.skip(tag, depth);
      continue;
    }
    const { name, definition, rivals } = known;
    if ((tag & 7) !== wireTypeOf[definition.type]) throw malformed();
    message[name] = readValue(cursor, definition, message[name], depth);
    for (const rival of rivals) message[rival] = undefined;
  }
  return message;
}

function readValue(cursor: Cursor, definition: Field, before: unknown, depth: number): unknown {
  switch (definition.type) {
    case 'bytes':
      return cursor.sized();
    case 'uint32':
    case 'enum':
      return cursor.uint32();
    case 'string':
      return text(cursor.sized());
    case 'uint64':
      return cursor.uint64();
    case 'fixed64':
      return cursor.fixed64();
    case 'message': {
      if (depth >= maxDepth) throw malformed();
      const onto = (before as Decoded | undefined) ?? { ...definition.schema.absent };
      return decodeOnto(onto, definition.schema, cursor.sized(), depth + 1);
    }
  }
}

function text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    throw malformed(error);
  }
}
