/**
 * Reads an archive: header, key, chunks, sections, each checked before the next is looked at. Gives what is in it
 * and stores nothing.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { ArchiveSection, ArchiveTotals, BackupRun, BackupSecret } from './archive-content.js';
import { openArchiveKey, secretBytes } from './archive-keys.js';
import { ByteReader } from './byte-reader.js';
import { openChunks } from './chunks.js';
import { ContentReader } from './content-reader.js';
import { decodeHeader, headerBytes, type ArchiveHeader, type ArchiveKdf } from './header.js';
import { platformDerivation, type KeyDerivation } from './key-derivation.js';
import { Progress } from './progress.js';

/** What an archive says of itself to whoever has no secret. Nothing of it is authentic until it was verified. */
export interface ArchiveSummary {
  /** Of the format. */
  readonly version: 1;
  /** What to ask the user for. */
  readonly secretKind: ArchiveHeader['secretKind'];
  /** How the key is derived, and what that costs. */
  readonly kdf: ArchiveKdf;
  /** Milliseconds since the Unix epoch, by the clock of the device that wrote it. */
  readonly createdAt: number;
  /** Bytes in front of the encrypted content. */
  readonly headerBytes: number;
  /** Plaintext bytes in every chunk but the last. */
  readonly chunkBytes: number;
}

/**
 * Reads what an archive says of itself, and no more of the stream than that.
 * @throws SottoError `backup-invalid`, `backup-truncated`, `backup-version`, `backup-parameters`
 */
export async function inspectArchive(stream: ReadableStream<Uint8Array>): Promise<ArchiveSummary> {
  const reader = new ByteReader(stream);
  try {
    const { version, secretKind, kdf, createdAt, chunkBytes } = decodeHeader(await reader.take(headerBytes));
    return { version, secretKind, kdf, createdAt, headerBytes, chunkBytes };
  } finally {
    await reader.release();
  }
}

/**
 * The sections of an archive, in order and checked against each other. Whoever takes them in acts upon none until
 * all have come: only the last one shows that nothing is missing. Holds a few chunks of memory and one section,
 * whatever the archive's size. Ends the stream when it is left.
 * @param derive - for tests, which derive nothing
 * @throws SottoError as {@link inspectArchive}, and `invalid-recovery-key`, `weak-password`,
 * `backup-wrong-secret`, `kdf-memory`, `backup-truncated`, `backup-damaged`, `backup-content-invalid`; the
 * signal's reason
 */
export async function* readArchive(
  stream: ReadableStream<Uint8Array>,
  secret: BackupSecret,
  run: BackupRun = {},
  derive: KeyDerivation = platformDerivation(run.signal),
): AsyncGenerator<ArchiveSection, void> {
  const reader = new ByteReader(stream);
  const stop = () => void reader.release(run.signal?.reason);
  run.signal?.addEventListener('abort', stop, { once: true });
  try {
    yield* read(reader, secret, run, derive);
  } catch (error) {
    run.signal?.throwIfAborted();
    throw error;
  } finally {
    run.signal?.removeEventListener('abort', stop);
    await reader.release();
  }
}

async function* read(
  reader: ByteReader,
  secret: BackupSecret,
  run: BackupRun,
  derive: KeyDerivation,
): AsyncGenerator<ArchiveSection, void> {
  const { signal } = run;
  signal?.throwIfAborted();
  const progress = new Progress(run);
  const sealing = await openHeader(reader, secret, derive);
  const content = new ContentReader();
  for await (const chunk of openChunks(sealing, reader)) {
    signal?.throwIfAborted();
    for (const section of content.push(chunk)) {
      progress.count(section);
      yield section;
      signal?.throwIfAborted();
    }
    progress.tell(reader.bytesRead);
  }
  content.finish();
  signal?.throwIfAborted();
}

async function openHeader(reader: ByteReader, secret: BackupSecret, derive: KeyDerivation) {
  const bytes = await reader.take(headerBytes);
  const header = decodeHeader(bytes);
  const parsed = secretBytes(secret);
  try {
    const key = await openArchiveKey(header, parsed, derive);
    return { key, headerHash: sha256(bytes), chunkBytes: header.chunkBytes };
  } finally {
    parsed.bytes.wipe();
  }
}

/**
 * Reads all of an archive and keeps nothing: whether it could be restored.
 * @returns how many of what is in it
 * @throws as {@link readArchive}
 */
export async function verifyArchive(
  stream: ReadableStream<Uint8Array>,
  secret: BackupSecret,
  run: BackupRun = {},
): Promise<ArchiveTotals> {
  let totals: ArchiveTotals | undefined;
  for await (const section of readArchive(stream, secret, run)) {
    if (section.type === 'identity') section.identity.identityPrivateKey.wipe();
    if (section.type === 'end') totals = section.totals;
  }
  // The reader gives no archive out without its last section.
  return totals as ArchiveTotals;
}
