/**
 * The header: under which kind of key a store is encrypted, a check of that key, and the root of all other
 * keys, sealed under it. Fixed binary fields; nothing is derived before its bounds are checked. Knows no
 * adapter and no record but its own.
 *
 *     1  format: 2; 1 of stores that were made before, which have each name hidden by itself
 *     1  kind of key: 1 secret, 2 CryptoKey, 3 passphrase
 *     4  generation, big-endian: 1 or more, one more with each rotation
 *    18  of a passphrase alone: log2 N, p, 16 bytes of salt
 *    28  check: nothing, sealed
 *    60  root: 32 bytes, sealed with everything before the check
 */
import { concatBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { Random } from '../../ports/host.js';
import { associatedData, importRoot, keyBytes, open, seal, sealOverheadBytes } from './cipher.js';
import type { Naming } from './names.js';
import { isPassphraseCost, saltBytes, type KeyRecord, type KeySource } from './storage-key.js';

/** By the format's number, less one. What is made anew has the last one. */
const namings: readonly Naming[] = ['single', 'blocks'];
const kinds = ['secret', 'crypto-key', 'passphrase'] as const;
const fixedBytes = 6;
const costBytes = 2;
const checkBytes = sealOverheadBytes;
const rootBytes = sealOverheadBytes + keyBytes;
/** Far more rotations than a store can live through. */
const maxGeneration = 2 ** 31;

/** What a header says before any key is tried. */
export interface Header {
  readonly generation: number;
  readonly naming: Naming;
  readonly key: KeyRecord;
  readonly check: Uint8Array;
  readonly root: Uint8Array;
  /** Everything before the check. */
  readonly described: Uint8Array;
}

function describe(generation: number, key: KeyRecord): Uint8Array {
  const fixed = new Uint8Array(fixedBytes);
  fixed[0] = namings.length;
  fixed[1] = kinds.indexOf(key.kind) + 1;
  new DataView(fixed.buffer).setUint32(2, generation);
  if (key.kind !== 'passphrase') return fixed;
  return concatBytes(fixed, Uint8Array.of(key.cost.logN, key.cost.p), key.salt);
}

const checkContext = (key: CryptoKey) => ({
  key,
  associated: associatedData('sotto storage check v1', new Uint8Array()),
});
const rootContext = (key: CryptoKey, described: Uint8Array) => ({
  key,
  associated: associatedData('sotto storage root v1', described),
});

/** A new root under a user's key. @returns the header's bytes, and the root */
export async function makeHeader(
  generation: number,
  source: KeySource,
  random: Random,
): Promise<{ readonly header: Uint8Array; readonly root: CryptoKey }> {
  if (generation >= maxGeneration) throw new SottoError('storage-corrupt');
  const record = source.fresh(random);
  const described = describe(generation, record);
  const key = await source.derive(record);
  const bytes = Uint8Array.from(random.bytes(keyBytes));
  try {
    const check = await seal(checkContext(key), new Uint8Array(), random);
    const sealedRoot = await seal(rootContext(key, described), bytes, random);
    return { header: concatBytes(described, check, sealedRoot), root: await importRoot(bytes) };
  } finally {
    bytes.fill(0);
  }
}

/** @throws SottoError `storage-corrupt` */
export function readHeader(bytes: Uint8Array): Header {
  const naming = namings[(bytes[0] ?? 0) - 1];
  const kind = kinds[(bytes[1] ?? 0) - 1];
  if (naming === undefined || kind === undefined) throw new SottoError('storage-corrupt');
  const describedBytes = fixedBytes + (kind === 'passphrase' ? costBytes + saltBytes : 0);
  if (bytes.length !== describedBytes + checkBytes + rootBytes) throw new SottoError('storage-corrupt');
  const generation = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2);
  if (generation < 1 || generation >= maxGeneration) throw new SottoError('storage-corrupt');
  return {
    generation,
    naming,
    key: kind === 'passphrase' ? readPassphraseRecord(bytes) : { kind },
    check: bytes.subarray(describedBytes, describedBytes + checkBytes),
    root: bytes.subarray(describedBytes + checkBytes),
    described: bytes.subarray(0, describedBytes),
  };
}

function readPassphraseRecord(bytes: Uint8Array): KeyRecord {
  const cost = { logN: bytes[fixedBytes] as number, p: bytes[fixedBytes + 1] as number };
  if (!isPassphraseCost(cost)) throw new SottoError('storage-corrupt');
  const start = fixedBytes + costBytes;
  return { kind: 'passphrase', cost, salt: bytes.slice(start, start + saltBytes) };
}

/**
 * @param key - derived from the header's key record
 * @throws SottoError `storage-wrong-key`, `storage-tampered`
 */
export async function openRoot(header: Header, key: CryptoKey): Promise<CryptoKey> {
  if (!(await open(checkContext(key), header.check))) throw new SottoError('storage-wrong-key');
  const root = await open(rootContext(key, header.described), header.root);
  if (root?.length !== keyBytes) throw new SottoError('storage-tampered');
  try {
    return await importRoot(root);
  } finally {
    root.fill(0);
  }
}
