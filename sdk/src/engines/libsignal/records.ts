/** How this engine's records are named and framed. What is in the frame is libsignal's own serialisation, opaque here. */
import type { SenderKeyInput } from '../../ports/index.js';
import type { DeviceAddress } from '../../wire/index.js';
import { RecordFormat } from '../record-format.js';

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
  senderKey: 7,
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
  senderKey: ({ sender, distributionId }: SenderKeyInput) =>
    `sender-key/${sender.accountId}.${sender.deviceId}/${distributionId}`,
} as const;

const format = new RecordFormat<RecordKind>({ magic: 'lsig', version: recordVersion, kinds: recordKinds });

/** Frames a payload. */
export function frameRecord(kind: RecordKind, payload: Uint8Array): Uint8Array {
  return format.frame(kind, payload);
}

/**
 * The kind of a record and its payload, which shares the record's memory.
 * @throws SottoError `engine-record-invalid` when it is not this engine's, of another version or damaged
 */
export function openRecord(record: Uint8Array): { readonly kind: number; readonly payload: Uint8Array } {
  return format.open(record);
}

/**
 * The payload of a record of one kind.
 * @throws SottoError `engine-record-invalid`
 */
export function openRecordOf(kind: RecordKind, record: Uint8Array): Uint8Array {
  return format.openOf(kind, record);
}
