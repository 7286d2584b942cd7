/**
 * What beginning anew means for contacts and outbox: no session of the old state encrypts again, nothing
 * encrypted with one goes out, and everybody who may hear from us by itself gets a new session. Knows no
 * relay and no verdict.
 */
import { contactDevices, contactEntries, mayAnswer, type ContactEntry } from '../contacts/index.js';
import { withdrawAttempts, type Composer, type Renewals } from '../messages/index.js';
import type { PreKeyService } from '../prekeys/index.js';
import type { SessionService } from '../sessions/index.js';
import type { RepairStep } from './continuity.js';

interface Parts {
  readonly sessions: SessionService;
  readonly composer: Composer;
  readonly renewals: Renewals;
  readonly preKeys: PreKeyService;
}

/** Stages all of it. */
export function freshStart({ sessions, composer, renewals, preKeys }: Parts): RepairStep {
  return async (unit) => {
    // In another session, under the id the message has: where it arrived before, it is known by that.
    await withdrawAttempts(unit);
    const talking: ContactEntry[] = [];
    for (const contact of await contactEntries(unit)) {
      const missing = await composer.missingSessions(unit, contact);
      if (missing.length < contactDevices(contact).length && mayAnswer(contact)) talking.push(contact);
    }
    await sessions.leaveAll(unit);
    for (const contact of talking) await renewals.stageAll(unit, contact);
    preKeys.stageReplacement(unit);
  };
}
