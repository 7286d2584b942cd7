/**
 * Brings a database to the schema this program was written for. Migrations only go forward; a
 * database that is newer than the program is refused. Knows no table but its own.
 */
import type { Database, Queryable } from '../../ports.js';
import { migrations as allMigrations } from './migrations/index.js';
import { OperatorError } from '../../operator-error.js';
import type { Migration } from './migrations/migration.js';

/** The database and the program do not fit together. The message is one line for the operator. */
export class MigrationError extends OperatorError {
  override readonly name = 'MigrationError';
}

/** Any constant will do; it must only be the same in every node. ASCII "sotto". */
const advisoryLockKey = 0x736f74746f;

interface AppliedMigration {
  readonly [column: string]: unknown;
  readonly version: number;
  readonly name: string;
}

function refuseMismatch(applied: readonly AppliedMigration[], known: readonly Migration[]): void {
  for (const [index, { version, name }] of applied.entries()) {
    const expected = known[index];
    if (expected === undefined) {
      throw new MigrationError(
        `the database is at schema version ${version}, newer than this relay knows (${known.length}): run a newer relay`,
      );
    }
    if (expected.version !== version || expected.name !== name) {
      throw new MigrationError(
        `schema version ${version} of the database is not the one this relay knows: it belongs to another program`,
      );
    }
  }
}

async function apply(transaction: Queryable, migration: Migration): Promise<void> {
  for (const statement of migration.sql) await transaction.query(statement);
  await transaction.query('INSERT INTO schema_migrations (version, name) VALUES ($1, $2)', [
    migration.version,
    migration.name,
  ]);
}

/**
 * How many migrations the database lacks. Changes nothing.
 * @throws MigrationError as {@link migrate} does
 */
export async function pendingMigrations(
  database: Queryable,
  migrations: readonly Migration[] = allMigrations,
): Promise<number> {
  const [table] = await database.query<{ made: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS made",
  );
  if (!table?.made) return migrations.length;
  const applied = await database.query<AppliedMigration>(
    'SELECT version, name FROM schema_migrations ORDER BY version',
  );
  refuseMismatch(applied, migrations);
  return migrations.length - applied.length;
}

/**
 * Applies what is missing, all of it or nothing. Several nodes may start at once: they wait for one
 * another at an advisory lock and the later ones find nothing to do.
 * @returns how many migrations were applied
 * @throws MigrationError when the database is newer than the program or not its own
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = allMigrations,
): Promise<number> {
  return database.transaction(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1::int8)', [advisoryLockKey]);
    await transaction.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL)',
    );
    const applied = await transaction.query<AppliedMigration>(
      'SELECT version, name FROM schema_migrations ORDER BY version',
    );
    refuseMismatch(applied, migrations);
    const pending = migrations.slice(applied.length);
    for (const migration of pending) await apply(transaction, migration);
    return pending.length;
  });
}
