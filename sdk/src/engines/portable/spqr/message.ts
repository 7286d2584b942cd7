/**
 * The messages of the post-quantum ratchet (spec: spqr 4.5), which travel in the clear inside a
 * SignalMessage and are authenticated with it. Knows no state.
 */
import { ByteWriter } from '../records/byte-writer.js';
import { chunkIndexCount, chunkLength, type Chunk } from './erasure-code.js';
import { refusal } from './refusal.js';

/** The version spoken: V1. */
export const spqrVersion = 1;

/** Key indices are unsigned 32-bit numbers. */
const maxIndex = 0xffffffff;

/** The kinds of payload that carry a chunk, and their codes. */
const chunkCodes = { hdr: 1, ek: 2, ekCt1Ack: 3, ct1: 5, ct2: 6 } as const;
/** The others. */
const plainCodes = { none: 0, ct1Ack: 4 } as const;

/** Names of payloads with a chunk. */
export type ChunkKind = keyof typeof chunkCodes;
/** Names of payloads without. */
export type PlainKind = keyof typeof plainCodes;

/** What a message tells the other side's state machine. */
export type Payload = { readonly kind: PlainKind } | { readonly kind: ChunkKind; readonly chunk: Chunk };

/** What messages of all versions begin with. */
export interface MessagePrefix {
  /** 0–255. */
  readonly version: number;
  /** 1 or more; infinite where it is past 2^53, which no state's epoch is. */
  readonly epoch: number;
  /** Of the key in its chain, 0 to 2^32 − 1. */
  readonly index: number;
  /** Where the rest begins. */
  readonly end: number;
}

/** A message of version 1. */
export interface SpqrMessage {
  readonly epoch: number;
  readonly index: number;
  readonly payload: Payload;
}

const kindsByCode: ReadonlyMap<number, PlainKind | ChunkKind> = new Map(
  Object.entries({ ...plainCodes, ...chunkCodes }).map(([kind, code]) => [
    code,
    kind as PlainKind | ChunkKind,
  ]),
);

/** The bytes of a message. */
export function serializeMessage({ epoch, index, payload }: SpqrMessage): Uint8Array {
  const writer = new ByteWriter().u8(spqrVersion).varint(epoch).varint(index);
  if (!('chunk' in payload)) return writer.u8(plainCodes[payload.kind]).finish();
  const { chunk, kind } = payload;
  return writer.u8(chunkCodes[kind]).varint(chunk.index).fixed(chunk.bytes).finish();
}

/**
 * Reads what a message of any version begins with.
 * @throws SottoError `invalid-message` (`MsgDecode`)
 */
export function parsePrefix(bytes: Uint8Array): MessagePrefix {
  const version = byteAt(bytes, 0);
  const epoch = parseVarint(bytes, 1);
  const index = parseVarint(bytes, epoch.end);
  if (epoch.value === 0 || index.value > maxIndex) throw refusal('MsgDecode');
  return { version, epoch: epoch.value, index: index.value, end: index.end };
}

/**
 * Reads the payload of a message of version 1, whose chunk is a view. Bytes after it are ignored.
 * @param offset - where the prefix ended
 * @throws SottoError `invalid-message` (`MsgDecode`)
 */
export function parsePayload(bytes: Uint8Array, offset: number): Payload {
  const kind = kindsByCode.get(byteAt(bytes, offset));
  if (kind === undefined) throw refusal('MsgDecode');
  if (!carriesChunk(kind)) return { kind };
  const { value: index, end } = parseVarint(bytes, offset + 1);
  if (index >= chunkIndexCount || bytes.length - end < chunkLength) throw refusal('MsgDecode');
  return { kind, chunk: { index, bytes: bytes.subarray(end, end + chunkLength) } };
}

function carriesChunk(kind: PlainKind | ChunkKind): kind is ChunkKind {
  return kind in chunkCodes;
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw refusal('MsgDecode');
  return byte;
}

/**
 * A LEB128 of up to ten bytes, modulo 2^64; longer forms than needed are fine. Gathered in words of 28
 * bits, four bytes each, so that nothing is rounded; past 2^53 the value is infinite.
 */
function parseVarint(bytes: Uint8Array, offset: number): { readonly value: number; readonly end: number } {
  const words: [number, number, number] = [0, 0, 0];
  for (let position = 0; position < 10; position += 1) {
    const byte = byteAt(bytes, offset + position);
    const word = position >> 2;
    words[word] = (words[word] as number) | ((byte & 0x7f) << (7 * (position & 3)));
    if (byte < 0x80) return { value: fromWords(words), end: offset + position + 1 };
  }
  throw refusal('MsgDecode');
}

function fromWords([low, middle, high]: readonly [number, number, number]): number {
  // Two words are bits 0–55; of the third, bits 56–63 count and the rest is dropped.
  const value = middle * 2 ** 28 + low;
  return (high & 0xff) === 0 && Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
}
