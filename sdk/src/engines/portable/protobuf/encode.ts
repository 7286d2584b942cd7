/** Writes messages by their schemas: present fields in ascending order, zeros and empty bytes too (spec: primitives 1.0). */
import { utf8 } from '../../../bytes.js';
import type { Field, Fields, MessageInit, MessageSchema } from './schema.js';
import { wireTypeOf } from './wire.js';

/** Room for what surrounds a message on the wire, in bytes: a version byte, a MAC. */
export interface Margin {
  readonly before: number;
  readonly after: number;
}

const noMargin: Margin = { before: 0, after: 0 };

/** A field that is there: its tag, and its value as numbers or bytes. */
interface Piece {
  readonly tag: number;
  readonly type: Field['type'];
  /** What follows the tag where it is bytes after their length. */
  readonly content: Uint8Array | undefined;
  readonly value: number | bigint;
}

/**
 * Writes a message.
 * @param margin - bytes of room, zeros, before and after it
 * @throws RangeError when a number does not fit its field: a defect of the caller
 */
export function encode<F extends Fields>(
  schema: MessageSchema<F>,
  message: MessageInit<F>,
  margin: Margin = noMargin,
): Uint8Array<ArrayBuffer> {
  const pieces = piecesOf(schema, message as Readonly<Record<string, unknown>>);
  const length = pieces.reduce((total, piece) => total + lengthOf(piece), margin.before + margin.after);
  const bytes = new Uint8Array(length);
  let offset = margin.before;
  for (const piece of pieces) offset = writePiece(bytes, offset, piece);
  return bytes;
}

function piecesOf(schema: MessageSchema, message: Readonly<Record<string, unknown>>): Piece[] {
  const pieces: Piece[] = [];
  for (const { name, definition } of schema.ascending) {
    const value = message[name];
    if (value !== undefined) pieces.push(pieceOf(definition, value));
  }
  return pieces;
}

function pieceOf(definition: Field, value: unknown): Piece {
  const { field, type } = definition;
  const tag = field * 8 + wireTypeOf[type];
  switch (type) {
    case 'bytes':
      return { tag, type, content: value as Uint8Array, value: 0 };
    case 'string':
      return { tag, type, content: utf8(value as string), value: 0 };
    case 'message':
      return { tag, type, content: encode(definition.schema, value as MessageInit<Fields>), value: 0 };
    case 'uint32':
      return { tag, type, content: undefined, value: inRange32(value as number) };
    case 'enum':
      return { tag, type, content: undefined, value: signExtended(inRange32(value as number)) };
    case 'uint64':
    case 'fixed64':
      return { tag, type, content: undefined, value: inRange64(value as bigint) };
  }
}

function inRange32(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError('not a uint32');
  return value;
}

function inRange64(value: bigint): bigint {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError('not a uint64');
  return value;
}

/** Enumerations are signed: an upper half is written as the 64-bit two's complement of a negative number. */
function signExtended(value: number): number | bigint {
  return value < 0x80000000 ? value : BigInt.asUintN(64, BigInt(value | 0));
}

function lengthOf({ tag, type, content, value }: Piece): number {
  const tagLength = varintLength(tag);
  if (content) return tagLength + varintLength(content.length) + content.length;
  return tagLength + (type === 'fixed64' ? 8 : varintLength(value));
}

function varintLength(value: number | bigint): number {
  if (typeof value === 'bigint') return Math.max(1, Math.ceil(value.toString(2).length / 7));
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

function writePiece(bytes: Uint8Array, start: number, { tag, type, content, value }: Piece): number {
  const offset = writeVarint(bytes, start, tag);
  if (content) {
    const contentStart = writeVarint(bytes, offset, content.length);
    bytes.set(content, contentStart);
    return contentStart + content.length;
  }
  if (type === 'fixed64') return writeFixed64(bytes, offset, value as bigint);
  return typeof value === 'bigint' ? writeVarint64(bytes, offset, value) : writeVarint(bytes, offset, value);
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let offset = start;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes[offset++] = (rest & 0x7f) | 0x80;
  bytes[offset++] = rest;
  return offset;
}

function writeVarint64(bytes: Uint8Array, start: number, value: bigint): number {
  let offset = start;
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes[offset++] = Number(rest & 0x7fn) | 0x80;
  bytes[offset++] = Number(rest);
  return offset;
}

function writeFixed64(bytes: Uint8Array, start: number, value: bigint): number {
  for (let index = 0; index < 8; index += 1) {
    bytes[start + index] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
  return start + 8;
}
