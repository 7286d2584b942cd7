/**
 * How this engine's records are named and framed. A record is `lsig`, the record version, its kind, two
 * zero bytes, a 32-bit checksum and then libsignal's own serialisation, which stays opaque here.
 *
 * The checksum finds damage, not tampering: whoever can write the store can write a checksum. Without
 * it a flipped bit in a ratchet would look like an endless row of forged messages.
 */
import { SottoError } from '../../errors.js';
import type { DeviceAddress } from '../../wire/index.js';

/** Goes up when a record's framing or content changes; older versions must then be read or refused. */
export const recordVersion = 1;

/** What a record holds. The numbers are stored. */
export const recordKinds = {
  session: 1,
  oneTimePreKey: 2,
  signedPreKey: 3,
  kemOneTimePreKey: 4,
  kemLastResortPreKey: 5,
  kemUses: 6,
} as const;

/** The name of a record kind. */
export type RecordKind = keyof typeof recordKinds;

/** Record keys, in the engine's own space. */
export const recordKeys = {
  session: (their: DeviceAddress) => `session/${their.accountId}.${their.deviceId}`,
  oneTimePreKey: (id: number) => `pre-key/${id}`,
  signedPreKey: (id: number) => `signed-pre-key/${id}`,
  kemPreKey: (id: number) => `kem-pre-key/${id}`,
  /** Which first messages used a last-resort key; lives and dies with it. */
  kemUses: (id: number) => `kem-pre-key-uses/${id}`,
} as const;

const magic = [0x6c, 0x73, 0x69, 0x67] as const;
const headerLength = 12;

/** Frames a payload. */
export function frameRecord(kind: RecordKind, payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerLength + payload.length);
  record.set(magic);
  record[4] = recordVersion;
  record[5] = recordKinds[kind];
  record.set(payload, headerLength);
  const sum = checksum(record);
  for (let index = 0; index < 4; index += 1) record[8 + index] = sum >>> (8 * index);
  return record;
}

/**
 * The kind of a record and its payload, which shares the record's memory.
 * @throws SottoError `engine-record-invalid` when it is not this engine's, of another version or damaged
 */
export function openRecord(record: Uint8Array): { readonly kind: number; readonly payload: Uint8Array } {
  if (!isIntact(record)) throw new SottoError('engine-record-invalid');
  return { kind: record[5] as number, payload: record.subarray(headerLength) };
}

function isIntact(record: Uint8Array): boolean {
  if (record.length < headerLength || record[4] !== recordVersion) return false;
  for (let index = 0; index < 4; index += 1) if (record[index] !== magic[index]) return false;
  if (record[6] !== 0 || record[7] !== 0) return false;
  const sum = checksum(record);
  for (let index = 0; index < 4; index += 1) {
    if (record[8 + index] !== ((sum >>> (8 * index)) & 0xff)) return false;
  }
  return true;
}

/**
 * The payload of a record of one kind.
 * @throws SottoError `engine-record-invalid`
 */
export function openRecordOf(kind: RecordKind, record: Uint8Array): Uint8Array {
  const opened = openRecord(record);
  if (opened.kind !== recordKinds[kind]) throw new SottoError('engine-record-invalid');
  return opened.payload;
}

const prime = 0x01000193;

/**
 * FNV-1a over the kind and the payload, a 32-bit word at a time in four lanes: each step is a bijection,
 * so a change within one word is always found. Byte by byte it would cost a tenth of a ratchet step.
 */
function checksum(record: Uint8Array): number {
  const words = wordsOf(record);
  let a = 0x811c9dc5 ^ (record[5] as number);
  let b = 0x9dc5811c;
  let c = 0x1c9dc581;
  let d = record.length;
  const whole = words.length & ~3;
  let index = 0;
  for (; index < whole; index += 4) {
    a = Math.imul(a ^ (words[index] as number), prime);
    b = Math.imul(b ^ (words[index + 1] as number), prime);
    c = Math.imul(c ^ (words[index + 2] as number), prime);
    d = Math.imul(d ^ (words[index + 3] as number), prime);
  }
  for (; index < words.length; index += 1) a = Math.imul(a ^ (words[index] as number), prime);
  for (let tail = record.length & ~3; tail < record.length; tail += 1)
    b = Math.imul(b ^ (record[tail] as number), prime);
  return Math.imul(Math.imul(Math.imul(a ^ b, prime) ^ c, prime) ^ d, prime);
}

/** The whole words of the payload. A record that a store placed at an odd offset is copied first. */
function wordsOf(record: Uint8Array): Int32Array {
  const aligned = record.byteOffset % 4 === 0 ? record : record.slice();
  return new Int32Array(
    aligned.buffer,
    aligned.byteOffset + headerLength,
    (record.length - headerLength) >> 2,
  );
}
