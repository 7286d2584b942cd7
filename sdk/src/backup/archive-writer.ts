/**
 * Writes an archive as a web stream: header, then the sections of a source, sealed in chunks as they are asked
 * for. Holds a few chunks whatever the archive's size. Knows no storage.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { isSottoError } from '../errors.js';
import type { Clock, Random } from '../ports/host.js';
import type { BackupRun, BackupSecret } from './archive-content.js';
import { deriveArchiveKeys, secretBytes, type ArchiveKeys, type SecretBytes } from './archive-keys.js';
import { chooseKdf, withLessMemory } from './calibration.js';
import { sealChunks, type ChunkSealing } from './chunks.js';
import { encodeHeader, type ArchiveKdf } from './header.js';
import { platformDerivation, type KeyDerivation } from './key-derivation.js';
import { Progress } from './progress.js';

/** Large enough for the platform's full speed, small enough to hold several of on a phone. */
const defaultChunkBytes = 256 * 1024;

/** Sections as bytes, in pieces, and how many messages are in each. */
export interface ArchivePiece {
  readonly bytes: Uint8Array;
  readonly messages: number;
}

/** Where the sections come from. */
export interface ArchiveSource {
  /** How many messages there are at most. */
  readonly messages: number;
  /** All sections, from `begin` to `end`. */
  pieces(): AsyncIterable<ArchivePiece>;
  /** Lets go of what it reads from. Called once. */
  close(): void;
}

/** What a new archive is made with. */
export interface ArchiveKeying {
  readonly header: Uint8Array<ArrayBuffer>;
  readonly sealing: ChunkSealing;
}

/**
 * Chooses and derives the keys of a new archive.
 * @param parts - `derive` and `chunkBytes` are for tests
 * @throws SottoError `invalid-recovery-key`, `weak-password`, `kdf-memory`; the signal's reason
 */
export async function makeArchiveKeys(
  secret: BackupSecret,
  parts: {
    readonly clock: Clock;
    readonly random: Random;
    readonly signal?: AbortSignal | undefined;
    readonly derive?: KeyDerivation;
    readonly chunkBytes?: number;
  },
): Promise<ArchiveKeying> {
  const { clock, random, signal, derive = platformDerivation(signal) } = parts;
  const chunkBytes = parts.chunkBytes ?? defaultChunkBytes;
  const parsed = secretBytes(secret);
  try {
    const salt = random.bytes(32);
    const { kdf, chunkKey, commitment } = await deriveNewKeys(parsed, salt, { clock, derive });
    const fields = { kdf, secretKind: parsed.kind, salt, chunkBytes, createdAt: clock.now(), commitment };
    const header = encodeHeader(fields);
    return { header, sealing: { key: chunkKey, headerHash: sha256(header), chunkBytes } };
  } finally {
    parsed.bytes.wipe();
  }
}

/** A little memory may be there to measure with, and more of it not. */
async function deriveNewKeys(
  secret: SecretBytes,
  salt: Uint8Array,
  { clock, derive }: { readonly clock: Clock; readonly derive: KeyDerivation },
): Promise<ArchiveKeys & { readonly kdf: ArchiveKdf }> {
  let kdf = await chooseKdf(secret.kind, { clock, derive });
  for (;;) {
    try {
      return { kdf, ...(await deriveArchiveKeys({ kdf, salt }, secret, derive)) };
    } catch (error) {
      const less = isSottoError(error, 'kdf-memory') ? withLessMemory(kdf) : undefined;
      if (!less) throw error;
      kdf = less;
    }
  }
}

/**
 * The archive as a stream, which reads from the source as fast as it is read itself. It errors with what the
 * source throws and with the signal's reason; then, cancelled or at its end, the source is closed.
 */
export function archiveStream(
  { header, sealing }: ArchiveKeying,
  source: ArchiveSource,
  run: BackupRun = {},
  progress: Progress = new Progress(run),
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { signal } = run;
  const chunks = archiveChunks({ header, sealing }, source, progress);
  let closed = false;
  const close = () => {
    signal?.removeEventListener('abort', abort);
    if (closed) return;
    closed = true;
    source.close();
    // Lists of the storage that it is reading are let go of too.
    void chunks.return().catch(() => undefined);
  };
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const abort = () => {
    controller.error(signal?.reason);
    close();
  };
  return new ReadableStream(
    {
      start: (started) => {
        controller = started;
        signal?.addEventListener('abort', abort, { once: true });
        if (signal?.aborted) abort();
      },
      pull: async () => {
        try {
          const { done, value } = await chunks.next();
          if (closed) return;
          if (!done) return controller.enqueue(value);
          close();
          controller.close();
        } catch (error) {
          if (closed) return;
          close();
          throw error;
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

async function* archiveChunks({ header, sealing }: ArchiveKeying, source: ArchiveSource, progress: Progress) {
  progress.expect(source.messages);
  let written = header.length;
  yield header;
  for await (const { prefix, sealed } of sealChunks(sealing, counted(source, progress))) {
    written += prefix.length + sealed.length;
    progress.tell(written);
    yield prefix;
    yield sealed;
  }
}

async function* counted(source: ArchiveSource, progress: Progress) {
  for await (const { bytes, messages } of source.pieces()) {
    progress.add(messages);
    yield bytes;
  }
}
