/** Session states and their record as bytes. Knows no key they lie under. */
import { readDoubleRatchet, writeDoubleRatchet } from '../double-ratchet/codec.js';
import { publicKeyLength, type BaseKey, type IdentityKey } from '../primitives/keys.js';
import { kemCiphertextLength } from '../primitives/kyber1024.js';
import { ByteReader } from '../records/byte-reader.js';
import { ByteWriter } from '../records/byte-writer.js';
import { frameRecord, openRecordOf } from '../records/frame.js';
import { readSpqrState, writeSpqrState } from '../spqr/codec.js';
import type { TripleRatchet } from '../triple-ratchet.js';
import { maxArchiveLength } from './archive.js';
import type { PendingPreKey, Session, SessionRecord } from './session.js';

/** The record of the sessions with a device. */
export function encodeSessionRecord({ nextId, archive, current }: SessionRecord): Uint8Array {
  const writer = new ByteWriter().varint(nextId).sized(archive);
  writer.optional(current, (session) => writeSession(writer, session));
  return frameRecord('session', writer.finish());
}

/**
 * Reads a record; byte strings in the result are views of it.
 * @throws SottoError `engine-record-invalid`
 */
export function decodeSessionRecord(record: Uint8Array): SessionRecord {
  const reader = new ByteReader(openRecordOf('session', record));
  const nextId = reader.varint();
  const archive = reader.sized(maxArchiveLength);
  const current = reader.optional(() => readSession(reader));
  reader.end();
  return { nextId, archive, current };
}

/** The record of an archived state. */
export function encodeArchivedSession(session: Session): Uint8Array {
  const writer = new ByteWriter();
  writeSession(writer, session);
  return frameRecord('archivedSession', writer.finish());
}

/**
 * Reads the record of an archived state; byte strings in the result are views of it.
 * @throws SottoError `engine-record-invalid`
 */
export function decodeArchivedSession(record: Uint8Array): Session {
  const reader = new ByteReader(openRecordOf('archivedSession', record));
  const session = readSession(reader);
  reader.end();
  return session;
}

function writeSession(writer: ByteWriter, session: Session): void {
  writer.varint(session.id).fixed(session.baseKey);
  writer.varint(session.ourRegistrationId).varint(session.theirRegistrationId);
  writer.optional(session.pending, (pending) => writePending(writer, pending));
  const { ourIdentity, theirIdentity, doubleRatchet, spqr } = session.ratchet;
  writer.fixed(ourIdentity).fixed(theirIdentity);
  writeDoubleRatchet(writer, doubleRatchet);
  writeSpqrState(writer, spqr);
}

function readSession(reader: ByteReader): Session {
  return {
    id: reader.varint(),
    baseKey: reader.fixed(publicKeyLength) as BaseKey,
    ourRegistrationId: reader.varint(),
    theirRegistrationId: reader.varint(),
    pending: reader.optional(() => readPending(reader)),
    ratchet: readRatchet(reader),
  };
}

function readRatchet(reader: ByteReader): TripleRatchet {
  return {
    ourIdentity: reader.fixed(publicKeyLength) as IdentityKey,
    theirIdentity: reader.fixed(publicKeyLength) as IdentityKey,
    doubleRatchet: readDoubleRatchet(reader),
    spqr: readSpqrState(reader),
  };
}

function writePending(writer: ByteWriter, pending: PendingPreKey): void {
  writer.optional(pending.oneTimeId, (id) => writer.varint(id));
  writer.varint(pending.signedId).varint(pending.kemId).varint(pending.createdSeconds);
  writer.fixed(pending.kemCiphertext);
}

function readPending(reader: ByteReader): PendingPreKey {
  return {
    oneTimeId: reader.optional(() => reader.varint()),
    signedId: reader.varint(),
    kemId: reader.varint(),
    createdSeconds: reader.varint(),
    kemCiphertext: reader.fixed(kemCiphertextLength),
  };
}
