/**
 * Envelope ids: UUIDs (version 8) of 62 random bits and the envelope's place in its mailbox. The place
 * lets an acknowledgement find its row by the mailbox's own key, so that ids need no index; the random
 * bits keep two envelopes apart that had one place, as when a database was restored. Knows no store.
 */
import type { EnvelopeId } from '@sotto/sdk/wire';

const seqDigits = 12;

/**
 * @param random - a random UUID
 * @param seq - below 2^48
 */
export function makeEnvelopeId(random: string, seq: number): EnvelopeId {
  const place = seq.toString(16).padStart(seqDigits, '0');
  return `${random.slice(0, 14)}8${random.slice(15, -seqDigits)}${place}` as EnvelopeId;
}

/** The place that an id names; whether there is such an envelope, only the mailbox knows. */
export function seqOf(id: EnvelopeId): number {
  return Number.parseInt(id.slice(-seqDigits), 16);
}
