/**
 * The records of the sessions with one device: reading them, and the changes that make one state the
 * current one, archive it or drop it, with everything that hangs on it. Knows no message and no key agreement.
 */
import { isSottoError } from '../../../errors.js';
import type { EngineChange, EngineView } from '../../../ports/index.js';
import { skippedDirectories, type TripleRatchet } from '../triple-ratchet.js';
import { emptyArchive, readArchive, writeArchive } from './archive.js';
import {
  decodeArchivedSession,
  decodeSessionRecord,
  encodeArchivedSession,
  encodeSessionRecord,
} from './codec.js';
import type { SessionKeys } from './keys.js';
import { maxArchivedSessions, withoutPending, type Session, type SessionRecord } from './session.js';
import { deletedPages } from './skipped-pages.js';

/** The record of a device there is no session with. */
export const emptySessionRecord: SessionRecord = { nextId: 0, current: undefined, archive: emptyArchive };

/**
 * Reads the record of the sessions with a device.
 * @throws SottoError `engine-record-invalid`
 */
export async function loadSessionRecord(
  view: EngineView,
  keys: SessionKeys,
): Promise<SessionRecord | undefined> {
  const [record] = await view.get([keys.current]);
  return record && decodeSessionRecord(record);
}

/** Reads archived states in one round trip; `undefined` in the place of one that cannot be read. */
export async function loadArchived(
  view: EngineView,
  keys: SessionKeys,
  ids: readonly number[],
): Promise<readonly (Session | undefined)[]> {
  if (ids.length === 0) return [];
  const records = await view.get(ids.map((id) => keys.archived(id)));
  return records.map((record) => record && readable(() => decodeArchivedSession(record)));
}

function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (isSottoError(error, 'engine-record-invalid')) return undefined;
    throw error;
  }
}

/** Writes the current state after a step; the archive stays as it is. */
export function putCurrent(keys: SessionKeys, record: SessionRecord, current: Session): EngineChange {
  return { key: keys.current, value: encodeSessionRecord({ ...record, current }) };
}

/**
 * Makes another state the current one, or none, and archives the former (spec: double-ratchet 3.6).
 * @param next - a new state, or an archived one with what a message changed in it
 */
export async function replaceCurrent(
  view: EngineView,
  keys: SessionKeys,
  record: SessionRecord,
  next: Session | undefined,
): Promise<EngineChange[]> {
  const { current } = record;
  const before = readArchive(record.archive);
  const others = before.filter(({ id }) => id !== next?.id);
  const archived = current ? [{ id: current.id, baseKey: current.baseKey }, ...others] : others;
  const dropped = archived.slice(maxArchivedSessions).map(({ id }) => id);
  const after: SessionRecord = {
    nextId: Math.max(record.nextId, next ? next.id + 1 : 0),
    current: next,
    archive: writeArchive(archived.slice(0, maxArchivedSessions)),
  };
  return [
    { key: keys.current, value: encodeSessionRecord(after) },
    ...(current ? [archiving(keys, current)] : []),
    ...(others.length < before.length && next ? [{ key: keys.archived(next.id), value: undefined }] : []),
    ...(await dropArchived(view, keys, dropped)),
  ];
}

/** An archived state repeats its first message no more. */
function archiving(keys: SessionKeys, session: Session): EngineChange {
  return { key: keys.archived(session.id), value: encodeArchivedSession(withoutPending(session)) };
}

/** Deletes archived states with their skipped keys, as far as it can be read which those are. */
async function dropArchived(
  view: EngineView,
  keys: SessionKeys,
  ids: readonly number[],
): Promise<EngineChange[]> {
  const sessions = await loadArchived(view, keys, ids);
  const states = ids.map((id) => ({ key: keys.archived(id), value: undefined }));
  return [...states, ...sessions.flatMap((session) => (session ? pagesOf(keys, session) : []))];
}

function pagesOf(keys: SessionKeys, { id, ratchet }: Session): EngineChange[] {
  return deletedPages(keys, id, skippedDirectories(ratchet), new Map());
}

/** What to delete of a state's skipped keys after a step: those of chains that are no more. */
export function forgottenPages(
  keys: SessionKeys,
  sessionId: number,
  before: TripleRatchet,
  after: TripleRatchet,
): EngineChange[] {
  return deletedPages(keys, sessionId, skippedDirectories(before), skippedDirectories(after));
}

/** Deletes everything. A record that cannot be read goes too, without what only it could tell. */
export async function removeSessions(view: EngineView, keys: SessionKeys): Promise<EngineChange[]> {
  const [stored] = await view.get([keys.current]);
  if (!stored) return [];
  const gone = { key: keys.current, value: undefined };
  const known = readable(() => {
    const { current, archive } = decodeSessionRecord(stored);
    return { current, archived: readArchive(archive).map(({ id }) => id) };
  });
  if (!known) return [gone];
  const pages = known.current ? pagesOf(keys, known.current) : [];
  return [gone, ...pages, ...(await dropArchived(view, keys, known.archived))];
}
