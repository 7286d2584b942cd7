/**
 * The encrypted body of an archive: chunks under one key, each bound to its place, the last one to being the last
 * (docs/backup-format.md). Knows nothing of what is inside.
 */
import { SottoError } from '../errors.js';
import type { ByteReader } from './byte-reader.js';

/** What one body is sealed with. */
export interface ChunkSealing {
  /** AES-256-GCM, of this archive alone. */
  readonly key: CryptoKey;
  /** SHA-256 of the header, 32 bytes: associated data of every chunk. */
  readonly headerHash: Uint8Array;
  /** Plaintext of every chunk but the last, which may have less. */
  readonly chunkBytes: number;
}

const tagBytes = 16;
const finalBit = 0x8000_0000;
/** The counter has four bytes. */
const maxChunks = 2 ** 32;
/** Chunks the platform encrypts at a time: with one, its threads wait for us in between. */
const chunksInFlight = 4;

function parametersOf({ headerHash }: ChunkSealing, counter: number, isFinal: boolean): AesGcmParams {
  const iv = new Uint8Array(12);
  const view = new DataView(iv.buffer);
  view.setUint32(7, counter);
  view.setUint8(11, isFinal ? 1 : 0);
  return { name: 'AES-GCM', iv, additionalData: headerHash as Uint8Array<ArrayBuffer> };
}

/** A chunk as it goes into an archive: not joined, as that would copy it once more. */
export interface SealedChunk {
  /** 4 bytes. */
  readonly prefix: Uint8Array<ArrayBuffer>;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array<ArrayBuffer>;
}

async function sealChunk(
  sealing: ChunkSealing,
  plaintext: Uint8Array<ArrayBuffer>,
  place: { readonly counter: number; readonly isFinal: boolean },
): Promise<SealedChunk> {
  if (place.counter >= maxChunks) throw new SottoError('limit-exceeded', { details: { limit: 'maxChunks' } });
  const parameters = parametersOf(sealing, place.counter, place.isFinal);
  const sealed = await crypto.subtle.encrypt(parameters, sealing.key, plaintext);
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, plaintext.length + (place.isFinal ? finalBit : 0));
  return { prefix, sealed: new Uint8Array(sealed) };
}

/**
 * Seals pieces of plaintext as chunks, several at a time, in order. Holds at most ten chunks of memory.
 * @param pieces - of any length, together not empty; each is copied before the next is asked for
 */
export async function* sealChunks(
  sealing: ChunkSealing,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<SealedChunk, void> {
  const underWay: Promise<SealedChunk>[] = [];
  const free: Uint8Array<ArrayBuffer>[] = [];
  const take = () => free.pop() ?? new Uint8Array(sealing.chunkBytes);
  let counter = 0;
  for await (const { chunk, length, isFinal } of cut(pieces, sealing.chunkBytes, take)) {
    const sealed = sealChunk(sealing, chunk.subarray(0, length), { counter, isFinal });
    // Fresh memory costs more than what is done with it. Whoever waits for the chunk hears a failure.
    void sealed.then(
      () => free.push(chunk),
      () => undefined,
    );
    underWay.push(sealed);
    counter += 1;
    if (underWay.length >= chunksInFlight) yield await (underWay.shift() as Promise<SealedChunk>);
  }
  for (const sealed of underWay) yield await sealed;
}

/** A full chunk waits until there is more, as only then it is known not to be the last. */
async function* cut(
  pieces: AsyncIterable<Uint8Array>,
  chunkBytes: number,
  take: () => Uint8Array<ArrayBuffer>,
) {
  let chunk = take();
  let filled = 0;
  for await (const piece of pieces) {
    let rest = piece;
    while (rest.length > 0) {
      if (filled === chunkBytes) {
        yield { chunk, length: filled, isFinal: false };
        chunk = take();
        filled = 0;
      }
      const part = rest.subarray(0, chunkBytes - filled);
      chunk.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
    }
  }
  yield { chunk, length: filled, isFinal: true };
}

/**
 * Opens chunks in order. Nothing of a chunk is given before it is known to be authentic and in its place.
 * @throws SottoError `backup-truncated` where the stream ends before the last chunk, `backup-damaged`
 */
export async function* openChunks(
  sealing: ChunkSealing,
  reader: ByteReader,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (let counter = 0; counter < maxChunks; counter += 1) {
    const { length, isFinal } = readPrefix(await reader.take(4), sealing.chunkBytes);
    const sealed = await reader.take(length + tagBytes);
    if (sealed.length < length + tagBytes) throw new SottoError('backup-truncated');
    yield await openChunk(sealing, sealed, { counter, isFinal });
    if (!isFinal) continue;
    if ((await reader.take(1)).length > 0) throw new SottoError('backup-damaged');
    return;
  }
  throw new SottoError('backup-damaged');
}

/** A length is believed no further than the header allows. */
function readPrefix(prefix: Uint8Array, chunkBytes: number): { length: number; isFinal: boolean } {
  if (prefix.length < 4) throw new SottoError('backup-truncated');
  const word = new DataView(prefix.buffer, prefix.byteOffset, 4).getUint32(0);
  const isFinal = word >= finalBit;
  const length = isFinal ? word - finalBit : word;
  const fits = isFinal ? length >= 1 && length <= chunkBytes : length === chunkBytes;
  if (!fits) throw new SottoError('backup-damaged');
  return { length, isFinal };
}

async function openChunk(
  sealing: ChunkSealing,
  sealed: Uint8Array<ArrayBuffer>,
  { counter, isFinal }: { readonly counter: number; readonly isFinal: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const parameters = parametersOf(sealing, counter, isFinal);
    return new Uint8Array(await crypto.subtle.decrypt(parameters, sealing.key, sealed));
  } catch {
    // The platform's error says nothing more.
    throw new SottoError('backup-damaged');
  }
}
