/**
 * The erasure code that carries an object over many messages (spec: spqr 4.4): any n different chunks out
 * of 65,536 give back an object of n chunks, and the first n are the object itself. Knows no object.
 *
 * Sixteen polynomials over GF(2^16) run side by side: the two-byte elements of chunk x are their values at
 * x. They share their positions, so Lagrange weights are computed once for all of them. Everything here
 * travels in the clear; table look-ups by it show nothing.
 */
import { invert, multiply } from '../primitives/gf65536.js';

/** Bytes in a chunk: an element of each of the sixteen polynomials. */
export const chunkLength = 32;

/** Chunk indices are field elements: after the last one an encoder begins again. */
export const chunkIndexCount = 0x10000;

/** A held chunk: its index in two bytes, then the chunk. */
export const heldLength = 2 + chunkLength;

/** A part of an object, or a combination of all its parts. */
export interface Chunk {
  /** 0–65535. */
  readonly index: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** An object being sent. */
export interface Encoder {
  /** The object, a multiple of 32 bytes. */
  readonly message: Uint8Array;
  /** Chunks given out so far, an unsigned 32-bit number. */
  readonly sent: number;
}

/** An object being received. */
export interface Decoder {
  /** Chunks the object has. */
  readonly needed: number;
  /** The different chunks held, {@link heldLength} bytes each, in order of arrival. */
  readonly held: Uint8Array;
}

/** The values of all polynomials at some positions: `bytes` has them `stride` apart, from `offset` on. */
interface Points {
  readonly positions: readonly number[];
  readonly bytes: Uint8Array;
  readonly stride: number;
  readonly offset: number;
}

/** Begins to send an object, whose bytes are not copied. */
export function newEncoder(message: Uint8Array): Encoder {
  return { message, sent: 0 };
}

/** The next chunk. */
export function nextChunk({ message, sent }: Encoder): { readonly encoder: Encoder; readonly chunk: Chunk } {
  const index = sent % chunkIndexCount;
  return {
    encoder: { message, sent: (sent + 1) >>> 0 },
    chunk: { index, bytes: chunkAt(message, index) },
  };
}

function chunkAt(message: Uint8Array, index: number): Uint8Array {
  const count = message.length / chunkLength;
  if (index < count) return message.subarray(chunkLength * index, chunkLength * (index + 1));
  const positions = Array.from({ length: count }, (_, position) => position);
  const points = { positions, bytes: message, stride: chunkLength, offset: 0 };
  return evaluate(points, lagrangeWeights(positions), index);
}

/** Begins to receive an object of so many chunks. */
export function newDecoder(needed: number): Decoder {
  return { needed, held: new Uint8Array() };
}

/** How many different chunks are held. */
export function heldCount({ held }: Decoder): number {
  return held.length / heldLength;
}

/** A decoder that holds one more chunk, in the place of an earlier one with the same index. */
export function addChunk(decoder: Decoder, { index, bytes }: Chunk): Decoder {
  const { needed, held } = decoder;
  const count = heldCount(decoder);
  if (index >= needed && count >= needed) return decoder;
  const start = placeOf(held, index);
  const added = new Uint8Array(Math.max(held.length, start + heldLength));
  added.set(held);
  added.set([index >>> 8, index & 0xff], start);
  added.set(bytes, start + 2);
  return { needed, held: added };
}

/** Where a chunk with an index is held, or where the next one goes. */
function placeOf(held: Uint8Array, index: number): number {
  let start = 0;
  while (start < held.length && elementAt(held, start) !== index) start += heldLength;
  return start;
}

/** The object, once enough chunks are held. */
export function decoded(decoder: Decoder): Uint8Array | undefined {
  const { needed, held } = decoder;
  if (heldCount(decoder) < needed) return undefined;
  const positions = positionsOf(held, needed);
  const points = { positions, bytes: held, stride: heldLength, offset: 2 };
  const message = new Uint8Array(chunkLength * needed);
  let weights: readonly number[] | undefined;
  for (let index = 0; index < needed; index += 1) {
    const known = positions.indexOf(index);
    const chunk =
      known >= 0 ? heldChunk(held, known) : evaluate(points, (weights ??= lagrangeWeights(positions)), index);
    message.set(chunk, chunkLength * index);
  }
  return message;
}

function heldChunk(held: Uint8Array, position: number): Uint8Array {
  const start = heldLength * position + 2;
  return held.subarray(start, start + chunkLength);
}

/** The indices of the first chunks held. */
export function positionsOf(held: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, position) => elementAt(held, heldLength * position));
}

function elementAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

/** For each position the inverse of its product of distances to all others. Subtraction is XOR. */
function lagrangeWeights(positions: readonly number[]): number[] {
  return positions.map((position) => {
    let distances = 1;
    for (const other of positions) if (other !== position) distances = multiply(distances, position ^ other);
    return invert(distances);
  });
}

/** All sixteen polynomials at a position that is none of the points'. */
function evaluate(points: Points, weights: readonly number[], at: number): Uint8Array {
  const { positions, bytes, stride, offset } = points;
  const product = positions.reduce((before, position) => multiply(before, at ^ position), 1);
  const chunk = new Uint8Array(chunkLength);
  positions.forEach((position, nth) => {
    const factor = multiply(multiply(product, weights[nth] as number), invert(at ^ position));
    const start = stride * nth + offset;
    for (let byte = 0; byte < chunkLength; byte += 2) {
      const term = multiply(factor, elementAt(bytes, start + byte));
      chunk[byte] = (chunk[byte] as number) ^ (term >>> 8);
      chunk[byte + 1] = (chunk[byte + 1] as number) ^ (term & 0xff);
    }
  });
  return chunk;
}
