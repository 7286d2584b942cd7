/**
 * What beginning anew means for contacts and outbox: no session of the old state encrypts again, nothing
 * encrypted with one goes out, and everybody who may hear from us by itself gets a new session. Knows no
 * relay and no verdict.
 */
import { contactDevices, mayAnswer, type ContactBook, type ContactEntry } from '../contacts/index.js';
import { isSottoError } from '../errors.js';
import { outboxEntries, writeOutbox, type Composer } from '../messages/index.js';
import type { PreKeyService } from '../prekeys/index.js';
import type { SessionService } from '../sessions/index.js';
import type { Unit } from '../unit/index.js';
import type { AccountId } from '../wire/index.js';
import type { RepairStep } from './continuity.js';

interface Parts {
  readonly contacts: ContactBook;
  readonly sessions: SessionService;
  readonly composer: Composer;
  readonly preKeys: PreKeyService;
}

/** Stages all of it. */
export function freshStart(parts: Parts): RepairStep {
  return async (unit) => {
    const waiting = await withdrawAttempts(unit);
    for (const contact of await parts.contacts.entries(unit)) {
      const hadSession = await archiveSessions(unit, contact, parts);
      const hearsAnyway = waiting.has(contact.statement.accountId);
      if (hadSession && !hearsAnyway && mayAnswer(contact)) await renew(unit, contact, parts.composer);
    }
    parts.preKeys.stageReplacement(unit);
  };
}

/**
 * What was encrypted is encrypted again, in another session, under the id the message has: where it
 * arrived before, it is known by that. @returns whom something waits for
 */
async function withdrawAttempts(unit: Unit): Promise<ReadonlySet<AccountId>> {
  const entries = await outboxEntries(unit);
  for (const entry of entries) if (entry.attempt) writeOutbox(unit, { ...entry, attempt: null });
  return new Set(entries.map(({ recipient }) => recipient));
}

/** @returns whether there was a session to send in */
async function archiveSessions(
  unit: Unit,
  contact: ContactEntry,
  { sessions, composer }: Parts,
): Promise<boolean> {
  const devices = contactDevices(contact);
  const missing = await composer.missingSessions(unit, contact);
  for (const { address } of devices) await sessions.archive(unit, address);
  return missing.length < devices.length;
}

async function renew(unit: Unit, contact: ContactEntry, composer: Composer): Promise<void> {
  try {
    await composer.stageRenewal(unit, contact);
  } catch (error) {
    // The outbox is full: the next message to the contact begins the session.
    if (!isSottoError(error, 'limit-exceeded')) throw error;
  }
}
