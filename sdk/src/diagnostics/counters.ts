/** What has been counted on this device, as an application sees it. Knows no storage layout. */
import type { UndecryptableReason } from '../journal-event.js';
import { limits } from '../limits.js';
import { lastResortCounts } from '../prekeys/index.js';
import { readCounts, type Writer } from '../unit/index.js';

/** The name of a bound in {@link limits}. */
export type LimitName = keyof typeof limits;

/** What has happened since the storage was made. Counted in the commit of what is counted: a crash loses and doubles nothing. */
export interface MessengerCounters {
  /**
   * Envelopes that had no effect, or wait, by reason; every reason is there. One that waits (`identity-changed`,
   * `decryption-deferred`) and ends in a reason later counts under both.
   */
  readonly undecryptable: Readonly<Record<UndecryptableReason, number>>;
  /** Of those under `limit-exceeded`, by the limit that was met; absent where never. */
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
  /**
   * Where one-time pre-keys were used up, and the last-resort key served that is handed out again and again: the first
   * messages of such sessions are less forward secret, until the key is replaced and its private half gone.
   */
  readonly lastResort: {
    /** Sessions with contacts' devices that were begun on their last-resort key. */
    readonly begun: number;
    /** How often this device found none of its one-time KEM keys left at the relay, and made new ones. */
    readonly usedUp: number;
  };
}

/** Every reason; the compiler says so. */
const reasons: Readonly<Record<UndecryptableReason, 0>> = {
  'no-session': 0,
  'invalid-message': 0,
  'decryption-deferred': 0,
  'pre-key-missing': 0,
  'pre-key-replayed': 0,
  'identity-changed': 0,
  'invalid-content': 0,
  'sender-mismatch': 0,
  'statement-mismatch': 0,
  'manifest-rollback': 0,
  'envelope-id-reused': 0,
  'envelope-time-out-of-range': 0,
  'limit-exceeded': 0,
  'quarantine-expired': 0,
};

/** Reads the counts. @throws SottoError `storage-corrupt` */
export async function readCounters(writer: Writer): Promise<MessengerCounters> {
  const counts = await writer.run((unit) => readCounts(unit));
  const count = (name: string) => counts.get(name) ?? 0;
  const pick = (names: readonly string[]) =>
    Object.fromEntries([...counts].filter(([name]) => names.includes(name)));
  return {
    undecryptable: { ...reasons, ...pick(Object.keys(reasons)) },
    limits: pick(Object.keys(limits)),
    lastResort: { begun: count(lastResortCounts.begun), usedUp: count(lastResortCounts.usedUp) },
  };
}
