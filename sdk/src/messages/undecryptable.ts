/**
 * Envelopes that have no effect, or wait: told by the journal and counted by reason, in one unit. There are as
 * many counts as reasons and limits, whatever arrives. Knows no envelope.
 */
import * as z from 'zod/mini';
import type { JournalEvent, UndecryptableReason } from '../journal-event.js';
import { defineRecord, type Journal, type Unit } from '../unit/index.js';
import type { DeviceAddress } from '../wire/index.js';

const countersKey = 'counters';
/** Under the name of a reason, or of a limit that was met. */
const countersRecord = defineRecord(
  1,
  z.array(z.strictObject({ name: z.string(), count: z.int().check(z.minimum(0)) })),
);

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
  const counts = await readCounts(unit);
  for (const name of limit === undefined ? [reason] : [reason, limit]) {
    // It stays where a number can count no further: a count must never make the storage unreadable.
    counts.set(name, Math.min((counts.get(name) ?? 0) + 1, Number.MAX_SAFE_INTEGER));
  }
  unit.write(
    countersKey,
    countersRecord,
    [...counts].map(([name, count]) => ({ name, count })),
  );
  await journal.append(unit, { type: 'undecryptable', accountId, deviceId, reason });
}

/** How often each reason and each limit was met, by name. */
export async function readCounts(unit: Unit): Promise<Map<string, number>> {
  const counts = (await unit.read(countersKey, countersRecord)) ?? [];
  return new Map(counts.map(({ name, count }) => [name, count]));
}
