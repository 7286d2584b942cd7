import { describe, expect, it } from 'vitest';
import {
  addChunk,
  chunkIndexCount,
  decoded,
  heldCount,
  newDecoder,
  newEncoder,
  nextChunk,
  type Chunk,
  type Decoder,
} from '../../../../src/engines/portable/spqr/erasure-code.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/seeded-random.js';

/** Chunks of the objects there are: a header, a ciphertext's two parts, a vector. */
const sizes = [3, 5, 30, 36];

const runs = process.env['SLOW'] === '1' ? 400 : 12;

function chunkOf(message: Uint8Array, index: number): Chunk {
  return nextChunk({ message, sent: index }).chunk;
}

function distinctIndices(random: SeededRandom, count: number, end: number): number[] {
  const indices = new Set<number>();
  while (indices.size < count) indices.add(random.integer(end));
  return [...indices];
}

function receive(needed: number, chunks: readonly Chunk[]): Decoder {
  return chunks.reduce(addChunk, newDecoder(needed));
}

describe.each(sizes)('an object of %i chunks', (needed) => {
  const seed = `erasure code of ${needed}`;

  it('is its own first chunks', () => {
    const message = seededRandom(seed).bytes(32 * needed);
    let encoder = newEncoder(message);
    for (let index = 0; index < needed; index += 1) {
      const sent = nextChunk(encoder);
      encoder = sent.encoder;
      expect(sent.chunk).toEqual({ index, bytes: message.slice(32 * index, 32 * index + 32) });
    }
    expect(nextChunk(encoder).chunk.index).toBe(needed);
  });

  it(`comes back from any ${needed} chunks in any order (seed "${seed}")`, () => {
    const random = seededRandom(seed);
    for (let run = 0; run < runs; run += 1) {
      const message = random.bytes(32 * needed);
      // From everywhere, from the neighbourhood where some chunks are the object itself, and from the very end.
      const near = distinctIndices(random, needed, 3 * needed);
      const indices = run % 2 === 0 ? distinctIndices(random, needed, chunkIndexCount) : near;
      if (run === 0) indices[0] = chunkIndexCount - 1;
      const chunks = [...new Set(indices)].map((index) => chunkOf(message, index));
      expect(decoded(receive(needed, chunks)), `run ${run}`).toEqual(message);
    }
  });

  it('does not come back from fewer, however often they come', () => {
    const random = seededRandom(`${seed} too few`);
    const message = random.bytes(32 * needed);
    const chunks = distinctIndices(random, needed - 1, 100).map((index) => chunkOf(message, index));
    const decoder = receive(needed, [...chunks, ...chunks, ...chunks]);
    expect(heldCount(decoder)).toBe(needed - 1);
    expect(decoded(decoder)).toBeUndefined();
    expect(decoded(addChunk(decoder, chunkOf(message, 101)))).toEqual(message);
  });

  it('keeps the newest of chunks with one index', () => {
    const random = seededRandom(`${seed} overwriting`);
    const message = random.bytes(32 * needed);
    const chunks = Array.from({ length: needed }, (_, nth) => chunkOf(message, 7 * nth));
    const forged = { index: chunks[0]!.index, bytes: random.bytes(32) };
    expect(decoded(receive(needed, [forged, ...chunks]))).toEqual(message);
    const spoilt = decoded(receive(needed, [...chunks.slice(0, -1), forged, chunks.at(-1)!]));
    expect(spoilt).not.toEqual(message);
    expect(spoilt!.slice(0, 32)).toEqual(forged.bytes);
  });

  it('needs no chunk beyond the ones it needs', () => {
    const message = seededRandom(`${seed} more`).bytes(32 * needed);
    const complete = receive(
      needed,
      Array.from({ length: needed }, (_, nth) => chunkOf(message, 1 + nth)),
    );
    expect(addChunk(complete, chunkOf(message, needed + 5))).toBe(complete);
    // Of its own chunks it takes one more, and still gives what the first ones say.
    const more = addChunk(complete, { index: 0, bytes: new Uint8Array(32) });
    expect(heldCount(more)).toBe(needed + 1);
    expect(decoded(complete)).toEqual(message);
  });
});

describe('an encoder', () => {
  it('begins again after 65,536 chunks', () => {
    const message = seededRandom('wrapping').bytes(96);
    const last = nextChunk({ message, sent: 65_535 });
    expect(last.chunk.index).toBe(65_535);
    expect(nextChunk(last.encoder).chunk).toEqual(chunkOf(message, 0));
  });

  it('counts in 32 bits', () => {
    const message = seededRandom('wrapping').bytes(96);
    const last = nextChunk({ message, sent: 0xffffffff });
    expect(last.chunk.index).toBe(65_535);
    expect(last.encoder.sent).toBe(0);
  });

  it('leaves what it was as it was', () => {
    const encoder = newEncoder(seededRandom('immutable').bytes(96));
    const copy = structuredClone(encoder);
    nextChunk(encoder);
    expect(encoder).toEqual(copy);
    const decoder = addChunk(newDecoder(3), chunkOf(encoder.message, 9));
    const held = decoder.held.slice();
    addChunk(decoder, { index: 9, bytes: new Uint8Array(32) });
    expect(decoder.held).toEqual(held);
  });
});
