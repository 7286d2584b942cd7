/** The list of archived states in a session's record. The states themselves have records of their own. */
import { publicKeyLength, type BaseKey } from '../primitives/keys.js';
import { ByteReader } from '../records/byte-reader.js';
import { ByteWriter } from '../records/byte-writer.js';
import { maxArchivedSessions, type ArchivedSession } from './session.js';

/** The list's greatest length: its count, and per state an id of up to eight bytes and a key. */
export const maxArchiveLength = 1 + maxArchivedSessions * (8 + publicKeyLength);

/** The list as bytes. */
export function writeArchive(sessions: readonly ArchivedSession[]): Uint8Array {
  const writer = new ByteWriter().varint(sessions.length);
  for (const { id, baseKey } of sessions) writer.varint(id).fixed(baseKey);
  return writer.finish();
}

/**
 * The archived states, newest first.
 * @throws SottoError `engine-record-invalid`
 */
export function readArchive(bytes: Uint8Array): ArchivedSession[] {
  const reader = new ByteReader(bytes);
  const sessions = Array.from({ length: reader.count(maxArchivedSessions) }, () => ({
    id: reader.varint(),
    baseKey: reader.fixed(publicKeyLength) as BaseKey,
  }));
  reader.end();
  return sessions;
}

/** The list of nothing. */
export const emptyArchive: Uint8Array = writeArchive([]);
