/** The relay's database: PGlite or PostgreSQL, one SQL and one set of migrations. */
export { migrate, MigrationError, pendingMigrations } from './migrate.js';
export type { Migration } from './migrations/migration.js';
export { openPGliteDatabase } from './pglite-database.js';
export { openPostgresDatabase, type PostgresOptions } from './pg-database.js';
