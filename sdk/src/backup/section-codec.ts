/**
 * Sections as values: what each payload says (docs/backup-format.md). Records are versioned JSON as they are
 * stored, so that an archive and a storage of one version are read by the same code. Knows no order of sections.
 */
import * as z from 'zod/mini';
import { concatBytes, fromUtf8, utf8 } from '../bytes.js';
import { contactRecord } from '../contacts/index.js';
import { SottoError, isSottoError } from '../errors.js';
import { messageRecord } from '../messages/index.js';
import { defineRecord, type RecordCodec } from '../unit/index.js';
import {
  archiveBeginSchema,
  archiveConversationSchema,
  archiveIdentitySchema,
  archiveTombstoneSchema,
  archiveTotalsSchema,
  sectionTypes,
  type ArchiveSection,
} from './archive-content.js';
import { encodeFrame, type SectionFrame } from './section-frames.js';

const beginRecord = defineRecord(1, archiveBeginSchema);
const identityRecord = defineRecord(1, archiveIdentitySchema);
const conversationRecord = defineRecord(1, archiveConversationSchema);
const tombstoneRecord = defineRecord(1, archiveTombstoneSchema);
const totalsRecord = defineRecord(1, archiveTotalsSchema);
/** What a storage takes behind a prefix. */
const keyPattern = z.regex(/^[A-Za-z0-9._~:-]+(?:\/[A-Za-z0-9._~:-]+)*$/);
/** A storage's keys have 512 characters, four of which are in front of an application record's. */
const recordKey = z.string().check(z.maxLength(508), keyPattern);
/** Behind a longer prefix, and room for more. */
const settingName = z.string().check(z.maxLength(480), keyPattern);
const maxSettingBytes = 255 * 1024;

const expiryBytes = 8;
const maxExpiresAt = 8_640_000_000_000_000;

/** A section's bytes. @throws SottoError `limit-exceeded` when it is longer than a reader takes */
export function encodeSection(section: ArchiveSection): Uint8Array<ArrayBuffer> {
  switch (section.type) {
    case 'begin':
      return encodeFrame(sectionTypes.begin, beginRecord.encode(section.begin));
    case 'identity':
      return encodeFrame(sectionTypes.identity, identityRecord.encode(section.identity));
    case 'contact':
      return encodeFrame(sectionTypes.contact, contactRecord.encode(section.contact));
    case 'conversation':
      return encodeFrame(sectionTypes.conversation, conversationRecord.encode(section.conversation));
    case 'message':
      return encodeMessage(messageRecord.encode(section.message), section.expiresAt);
    case 'tombstone':
      return encodeFrame(sectionTypes.tombstone, tombstoneRecord.encode(section.tombstone));
    case 'setting':
      return encodePair(sectionTypes.setting, section);
    case 'applicationRecord':
      return encodePair(sectionTypes.applicationRecord, section);
    case 'unknown':
      return encodeFrame(section.number, section.bytes);
    case 'end':
      return encodeFrame(sectionTypes.end, totalsRecord.encode(section.totals));
  }
}

/**
 * A message's section from its stored record, which is taken as it is.
 * @param expiresAt - milliseconds since the Unix epoch; `null` for never
 */
export function encodeMessage(record: Uint8Array, expiresAt: number | null): Uint8Array<ArrayBuffer> {
  const expiry = new Uint8Array(expiryBytes);
  new DataView(expiry.buffer).setBigUint64(0, BigInt(expiresAt ?? 0));
  return encodeFrame(sectionTypes.message, expiry, record);
}

/**
 * A copy of settings that are to be written, which a reader will take.
 * @throws SottoError `invalid-storage-key` for a name, `limit-exceeded`
 * @throws TypeError when a value is no byte string
 */
export function checkedSettings(settings: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  const entries = Object.entries(settings);
  for (const [name, value] of entries) assertSetting(name, value);
  return Object.fromEntries(entries.map(([name, value]) => [name, value.slice()]));
}

function assertSetting(name: string, value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('a setting is a Uint8Array');
  if (!settingName.safeParse(name).success) throw new SottoError('invalid-storage-key');
  if (value.length > maxSettingBytes) {
    throw new SottoError('limit-exceeded', { details: { limit: 'maxSettingBytes' } });
  }
}

function encodePair(number: number, { key, value }: { key: string; value: Uint8Array }) {
  const name = utf8(key);
  return encodeFrame(number, concatBytes(Uint8Array.of(name.length >> 8, name.length & 0xff), name), value);
}

/** Reads a section. @throws SottoError `backup-content-invalid` */
export function decodeSection({ number, payload }: SectionFrame): ArchiveSection {
  switch (number) {
    case sectionTypes.begin:
      return { type: 'begin', begin: decode(beginRecord, payload) };
    case sectionTypes.identity:
      return { type: 'identity', identity: decode(identityRecord, payload) };
    case sectionTypes.contact:
      return { type: 'contact', contact: decode(contactRecord, payload) };
    case sectionTypes.conversation:
      return { type: 'conversation', conversation: decode(conversationRecord, payload) };
    case sectionTypes.message:
      return decodeMessage(payload);
    case sectionTypes.tombstone:
      return { type: 'tombstone', tombstone: decode(tombstoneRecord, payload) };
    case sectionTypes.setting:
      return { type: 'setting', ...decodePair(settingName, payload) };
    case sectionTypes.applicationRecord:
      return { type: 'applicationRecord', ...decodePair(recordKey, payload) };
    case sectionTypes.end:
      return { type: 'end', totals: decode(totalsRecord, payload) };
    default:
      return { type: 'unknown', number, bytes: payload };
  }
}

function decode<Value>(codec: RecordCodec<Value>, payload: Uint8Array): Value {
  try {
    return codec.decode(payload);
  } catch (error) {
    // A storage would call it corrupt; here it is the archive.
    if (isSottoError(error, 'storage-corrupt')) throw new SottoError('backup-content-invalid');
    throw error;
  }
}

function decodeMessage(payload: Uint8Array): ArchiveSection {
  if (payload.length < expiryBytes) throw new SottoError('backup-content-invalid');
  const expiry = new DataView(payload.buffer, payload.byteOffset, expiryBytes).getBigUint64(0);
  if (expiry > BigInt(maxExpiresAt)) throw new SottoError('backup-content-invalid');
  const message = decode(messageRecord, payload.subarray(expiryBytes));
  return { type: 'message', message, expiresAt: expiry === 0n ? null : Number(expiry) };
}

type KeySchema = typeof recordKey;

function decodePair(
  schema: KeySchema,
  payload: Uint8Array,
): { readonly key: string; readonly value: Uint8Array } {
  const [high, low] = payload;
  if (high === undefined || low === undefined) throw new SottoError('backup-content-invalid');
  const end = 2 + high * 256 + low;
  if (end > payload.length) throw new SottoError('backup-content-invalid');
  return { key: decodeKey(schema, payload.subarray(2, end)), value: payload.slice(end) };
}

function decodeKey(schema: KeySchema, bytes: Uint8Array): string {
  try {
    return schema.parse(fromUtf8(bytes));
  } catch {
    // The cause would quote it.
    throw new SottoError('backup-content-invalid');
  }
}
