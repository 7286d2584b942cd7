/**
 * AES-256-GCM, HKDF and key import by the platform's WebCrypto; what seals many records by Node's own functions,
 * where they are there. Knows no record, no name and no adapter.
 */
import { concatBytes, utf8 } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { Random } from '../../ports/host.js';
import { NodeGcmKey } from './node-gcm.js';

/** Bytes as WebCrypto's types have them. */
type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of every key here. */
export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** What a sealed text is longer than what it seals: the nonce in front, the tag behind. */
export const sealOverheadBytes = nonceBytes + tagBytes;

const gcm = 'AES-GCM';
const gcmKey = { name: gcm, length: 8 * keyBytes } as const;

function subtle(): SubtleCrypto {
  const { crypto } = globalThis as { crypto?: { subtle?: SubtleCrypto } };
  if (crypto?.subtle) return crypto.subtle;
  // Browsers hide it from pages that did not come over HTTPS or from this machine.
  const cause = new Error('WebCrypto is not there: a page needs a secure context');
  throw new SottoError('storage-failed', { cause });
}

/** `label ‖ 0 ‖ context`: associated data that no other use has. */
export function associatedData(label: string, context: Uint8Array): Uint8Array {
  return concatBytes(utf8(`${label}\0`), context);
}

/** Whether a key can seal and open: AES-GCM of 256 bits with both uses. */
export function isSealingKey({ algorithm, usages }: CryptoKey): boolean {
  const { name, length } = algorithm as AesKeyAlgorithm;
  return name === gcm && length === gcmKey.length && usages.includes('encrypt') && usages.includes('decrypt');
}

/** A new random sealing key whose bytes nobody ever sees. */
export async function generateSealingKey(): Promise<CryptoKey> {
  return subtle().generateKey(gcmKey, false, ['encrypt', 'decrypt']);
}

/** A sealing key from 32 bytes, copied before this returns. */
export async function importSealingKey(bytes: Uint8Array): Promise<CryptoKey> {
  return subtle().importKey('raw', bytes as Bytes, gcm, false, ['encrypt', 'decrypt']);
}

/** A key to derive others from: 32 bytes, copied before this returns. */
export async function importRoot(bytes: Uint8Array): Promise<CryptoKey> {
  return subtle().importKey('raw', bytes as Bytes, 'HKDF', false, ['deriveBits', 'deriveKey']);
}

function hkdf(label: string): HkdfParams {
  return { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(label) as Bytes };
}

/** HKDF-SHA-256 without a salt. @param label - the info @returns a sealing key */
export async function deriveSealingKey(root: CryptoKey, label: string): Promise<CryptoKey> {
  return subtle().deriveKey(hkdf(label), root, gcmKey, false, ['encrypt', 'decrypt']);
}

/** A key that seals and opens: the platform's, or Node's own for records. */
export type SealingKey = CryptoKey | NodeGcmKey;

/** As {@link deriveSealingKey}, for a key that seals many small records. */
export async function deriveRecordKey(root: CryptoKey, label: string): Promise<SealingKey> {
  const bytes = await deriveBytes(root, label);
  try {
    return NodeGcmKey.from(bytes) ?? (await importSealingKey(bytes));
  } finally {
    bytes.fill(0);
  }
}

/** As {@link deriveSealingKey}. @returns 32 bytes */
export async function deriveBytes(root: CryptoKey, label: string): Promise<Uint8Array> {
  return new Uint8Array(await subtle().deriveBits(hkdf(label), root, 8 * keyBytes));
}

/** What is sealed, and with what it belongs together. */
export interface Sealing {
  readonly key: SealingKey;
  readonly associated: Uint8Array;
}

/** AES-256-GCM under a random nonce. @returns `nonce ‖ ciphertext ‖ tag` */
export async function seal(
  { key, associated }: Sealing,
  plaintext: Uint8Array,
  random: Random,
): Promise<Uint8Array> {
  const iv = random.bytes(nonceBytes) as Bytes;
  if (key instanceof NodeGcmKey) return concatBytes(iv, ...key.seal(iv, associated, plaintext));
  const algorithm = { name: gcm, iv, additionalData: associated as Bytes };
  return concatBytes(iv, new Uint8Array(await subtle().encrypt(algorithm, key, plaintext as Bytes)));
}

/** @returns `undefined` where the key or the associated data is another one, or a bit has changed */
export async function open(
  { key, associated }: Sealing,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (sealed.length < sealOverheadBytes) return undefined;
  const iv = sealed.subarray(0, nonceBytes) as Bytes;
  if (key instanceof NodeGcmKey) return key.open(iv, associated, sealed.subarray(nonceBytes));
  const algorithm = { name: gcm, iv, additionalData: associated as Bytes };
  const web = subtle();
  try {
    return new Uint8Array(await web.decrypt(algorithm, key, sealed.subarray(nonceBytes) as Bytes));
  } catch {
    return undefined;
  }
}
