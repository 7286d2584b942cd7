/** The relay's database: PGlite or PostgreSQL, one SQL and one set of migrations. */
export { migrate, MigrationError, type Migration } from './migrate.js';
export { openPGliteDatabase } from './pglite-database.js';
export { openPostgresDatabase, type PostgresOptions } from './pg-database.js';
