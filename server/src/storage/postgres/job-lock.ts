/**
 * Lets one of many nodes do what needs doing once. The lock is PostgreSQL's and belongs to a transaction that
 * does nothing else: a node that dies gives it back. Not for PGlite, whose one connection the work needs itself.
 */
import type { Database } from '../../ports.js';
import type { AsOnlyNode } from '../../upkeep.js';

/** Any constant that is nobody else's will do. ASCII "sotto" and one more. */
const jobLockKey = 0x736f747470;

/** How long the transaction may lie still meanwhile: a node that was cut off gives the lock back after that. */
const maxWorkMs = 600_000;

/** See the file's header. */
export function jobLock(database: Database): AsOnlyNode {
  return (work) =>
    database.transaction(async (transaction) => {
      const [row] = await transaction.query<{ locked: boolean }>(
        `SELECT pg_try_advisory_xact_lock($1::int8) AS locked,
                set_config('idle_in_transaction_session_timeout', $2::text, true)`,
        [jobLockKey, String(maxWorkMs)],
      );
      if (!row?.locked) return false;
      await work();
      return true;
    });
}
