/**
 * The sessions with one device (spec: double-ratchet 3.6, pqxdh 2.8): one current state at most, and an
 * archive. Knows no message and no view.
 */
import type { BaseKey } from '../primitives/keys.js';
import type { TripleRatchet } from '../triple-ratchet.js';

/** States in an archive; the oldest goes when one more comes (spec 3.6). */
export const maxArchivedSessions = 40;

/** How long the initiator sends without an answer (spec 2.8). */
const pendingLifetimeSeconds = 30 * 24 * 60 * 60;

/** What an initiator repeats in every message until the first answer. */
export interface PendingPreKey {
  readonly oneTimeId: number | undefined;
  readonly signedId: number;
  readonly kemId: number;
  /** 1569 bytes with the type byte. */
  readonly kemCiphertext: Uint8Array;
  /** Seconds since the Unix epoch. */
  readonly createdSeconds: number;
}

/** One session state. */
export interface Session {
  /** Names the state's records; never given twice in one record. */
  readonly id: number;
  /** The initiator's, whoever that is: tells a repeated first message from a new one. */
  readonly baseKey: BaseKey;
  readonly ourRegistrationId: number;
  readonly theirRegistrationId: number;
  readonly pending: PendingPreKey | undefined;
  readonly ratchet: TripleRatchet;
}

/** What a record says of an archived state, which has a record of its own. */
export interface ArchivedSession {
  readonly id: number;
  readonly baseKey: BaseKey;
}

/** The sessions with one device. */
export interface SessionRecord {
  readonly nextId: number;
  readonly current: Session | undefined;
  /** Newest first, as bytes: most messages need nothing of it. See `archive.ts`. */
  readonly archive: Uint8Array;
}

/** Whether a session can be sent with. */
export function isUsable(session: Session, nowMs: number): boolean {
  return !session.pending || !isStale(session.pending, nowMs);
}

function isStale({ createdSeconds }: PendingPreKey, nowMs: number): boolean {
  return nowMs > (createdSeconds + pendingLifetimeSeconds) * 1000;
}

/** A session that an answer has come for, or that is archived: it repeats its first message no more. */
export function withoutPending(session: Session): Session {
  return session.pending ? { ...session, pending: undefined } : session;
}
