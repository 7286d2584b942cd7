/** How this engine's records are framed, and the table of their kinds. Knows no content. */
import { RecordFormat } from '../../record-format.js';

/** Goes up when a record's framing or content changes; older versions must then be read or refused. */
export const recordVersion = 1;

/** What a record holds. The numbers are stored. */
const recordKinds = {
  session: 1,
  archivedSession: 2,
  skippedKeys: 3,
  oneTimePreKey: 4,
  signedPreKey: 5,
  kemOneTimePreKey: 6,
  kemLastResortPreKey: 7,
  kemUses: 8,
  senderKey: 9,
} as const;

/** The name of a record kind. */
export type RecordKind = keyof typeof recordKinds;

const format = new RecordFormat<RecordKind>({ magic: 'port', version: recordVersion, kinds: recordKinds });

/** Frames a payload, which is copied. */
export function frameRecord(kind: RecordKind, payload: Uint8Array): Uint8Array {
  return format.frame(kind, payload);
}

/**
 * The payload of a record of one kind, which shares the record's memory.
 * @throws SottoError `engine-record-invalid` when it is of another kind, version or engine, or damaged
 */
export function openRecordOf(kind: RecordKind, record: Uint8Array): Uint8Array {
  return format.openOf(kind, record);
}

/**
 * Whether a record is of one kind.
 * @throws SottoError `engine-record-invalid` when it is of another version or engine, or damaged
 */
export function isRecordOf(kind: RecordKind, record: Uint8Array): boolean {
  return format.open(record).kind === recordKinds[kind];
}
