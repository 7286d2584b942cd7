/**
 * Lets one of many nodes do what needs doing once. The lock is PostgreSQL's and belongs to a transaction that
 * does nothing else: a node that dies gives it back. Not for PGlite, whose one connection the work needs itself.
 */
import type { Database } from '../../ports.js';
import type { AsOnlyNode } from '../../upkeep.js';

/** Any constant that is nobody else's will do. ASCII "sotto" and one more. */
const jobLockKey = 0x736f747470;

/** See the file's header. */
export function jobLock(database: Database): AsOnlyNode {
  return (work) =>
    database.transaction(async (transaction) => {
      const [row] = await transaction.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1::int8) AS locked',
        [jobLockKey],
      );
      if (!row?.locked) return false;
      await work();
      return true;
    });
}
