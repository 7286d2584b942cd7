/**
 * An archive's header: what its key is derived with, and a commitment to that key (docs/backup-format.md).
 * Everything is checked against its bounds before anybody works for it. Derives nothing itself.
 */
import { utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';

/** Bytes of a header of version 1. */
export const headerBytes = 100;
/** Where the commitment begins: it covers what is in front of it through the salt alone; the chunks cover all. */
const commitmentOffset = 68;

const magic = utf8('SOTTOBAK');
const formatVersion = 1;

/** Bounds of what a header may ask for: the upper ones keep a hostile one from using memory and time up. */
export const headerBounds = {
  minIterations: 600_000,
  maxIterations: 10_000_000,
  minMemoryKib: 19 * 1024,
  maxMemoryKib: 256 * 1024,
  minPasses: 1,
  maxPasses: 10,
  minChunkBytes: 4 * 1024,
  maxChunkBytes: 1024 * 1024,
} as const;

/** How the key is derived from the secret. */
export type ArchiveKdf =
  | { readonly name: 'pbkdf2-sha-256'; readonly iterations: number }
  | { readonly name: 'argon2id'; readonly memoryKib: number; readonly passes: number };

/** What the secret is: which question to ask the user. */
export type ArchiveSecretKind = 'recovery-key' | 'password';

/** A header taken apart. */
export interface ArchiveHeader {
  readonly version: 1;
  readonly kdf: ArchiveKdf;
  readonly secretKind: ArchiveSecretKind;
  /** 32 bytes, drawn for this archive. */
  readonly salt: Uint8Array;
  /** Plaintext in every chunk but the last. */
  readonly chunkBytes: number;
  /** Milliseconds since the Unix epoch, by the clock of the device that wrote it. */
  readonly createdAt: number;
  /** 32 bytes. */
  readonly commitment: Uint8Array;
}

const kdfNumbers = { 'pbkdf2-sha-256': 1, argon2id: 2 } as const;
const secretNumbers = { 'recovery-key': 1, password: 2 } as const;
const maxCreatedAt = 8_640_000_000_000_000;

/** @returns 100 bytes */
export function encodeHeader(header: Omit<ArchiveHeader, 'version'>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint8(8, formatVersion);
  view.setUint8(9, kdfNumbers[header.kdf.name]);
  view.setUint8(10, secretNumbers[header.secretKind]);
  kdfCost(header.kdf).forEach((value, index) => {
    view.setUint32(12 + 4 * index, value);
  });
  bytes.set(header.salt, 24);
  view.setUint32(56, header.chunkBytes);
  view.setBigUint64(60, BigInt(header.createdAt));
  bytes.set(header.commitment, commitmentOffset);
  return bytes;
}

/**
 * Reads a header and checks it against the bounds.
 * @param bytes - the first 100 bytes of an archive, or fewer where it has no more
 * @throws SottoError `backup-invalid`, `backup-truncated`, `backup-version`, `backup-parameters`
 */
export function decodeHeader(bytes: Uint8Array): ArchiveHeader {
  if (!magic.every((value, index) => index >= bytes.length || value === bytes[index]) || bytes.length === 0) {
    throw new SottoError('backup-invalid');
  }
  // The version first: another one's header may be shorter.
  if (bytes.length > magic.length && bytes[magic.length] !== formatVersion)
    throw new SottoError('backup-version');
  if (bytes.length < headerBytes) throw new SottoError('backup-truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const header: ArchiveHeader = {
    version: formatVersion,
    kdf: readKdf(view),
    secretKind: readSecretKind(view),
    salt: bytes.slice(24, 56),
    chunkBytes: within(view.getUint32(56), headerBounds.minChunkBytes, headerBounds.maxChunkBytes),
    createdAt: Number(readCreatedAt(view)),
    commitment: bytes.slice(commitmentOffset, headerBytes),
  };
  if (view.getUint8(11) !== 0) throw new SottoError('backup-parameters');
  return header;
}

function kdfCost(kdf: ArchiveKdf): readonly [number, number, number] {
  return kdf.name === 'argon2id' ? [kdf.memoryKib, kdf.passes, 1] : [kdf.iterations, 0, 0];
}

function readKdf(view: DataView): ArchiveKdf {
  const [first, second, third] = [view.getUint32(12), view.getUint32(16), view.getUint32(20)];
  const bounds = headerBounds;
  if (view.getUint8(9) === kdfNumbers['pbkdf2-sha-256'] && second === 0 && third === 0) {
    return {
      name: 'pbkdf2-sha-256',
      iterations: within(first, bounds.minIterations, bounds.maxIterations),
    };
  }
  if (view.getUint8(9) === kdfNumbers.argon2id && third === 1) {
    return {
      name: 'argon2id',
      memoryKib: within(first, bounds.minMemoryKib, bounds.maxMemoryKib),
      passes: within(second, bounds.minPasses, bounds.maxPasses),
    };
  }
  throw new SottoError('backup-parameters');
}

function readSecretKind(view: DataView): ArchiveSecretKind {
  const number = view.getUint8(10);
  if (number === secretNumbers['recovery-key']) return 'recovery-key';
  if (number === secretNumbers.password) return 'password';
  throw new SottoError('backup-parameters');
}

function readCreatedAt(view: DataView): bigint {
  const createdAt = view.getBigUint64(60);
  if (createdAt > BigInt(maxCreatedAt)) throw new SottoError('backup-parameters');
  return createdAt;
}

/** @throws SottoError `backup-parameters` */
function within(value: number, min: number, max: number): number {
  if (value < min || value > max) throw new SottoError('backup-parameters');
  return value;
}
