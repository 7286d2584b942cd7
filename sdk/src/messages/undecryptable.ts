/** Envelopes that have no effect, or wait: told by the journal and counted by reason, in one unit. Knows no envelope. */
import type { JournalEvent, UndecryptableReason } from '../journal-event.js';
import { countUp, type Journal, type Unit } from '../unit/index.js';
import type { DeviceAddress } from '../wire/index.js';

/**
 * Stages that an envelope of a device has ended, or waits.
 * @param limit - what was met, where the reason is `limit-exceeded`
 */
export async function noteUndecryptable(
  unit: Unit,
  journal: Journal<JournalEvent>,
  { accountId, deviceId }: DeviceAddress,
  reason: UndecryptableReason,
  limit?: string,
): Promise<void> {
  await countUp(unit, reason, ...(limit === undefined ? [] : [limit]));
  await journal.append(unit, { type: 'undecryptable', accountId, deviceId, reason });
}
