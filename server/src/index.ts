/**
 * The Sotto relay as a library.
 * @packageDocumentation
 */
export { ConfigError, readEnvironment, type RelayConfig, type RelayLogLevel } from './config.js';
export { OperatorError } from './operator-error.js';
export { ProblemError } from './ports.js';
export type { Database, Now, Queryable, RandomBytes, Row } from './ports.js';
export { createRelay, type Relay, type RelayOverrides } from './relay.js';
export {
  migrate,
  MigrationError,
  openPGliteDatabase,
  openPostgresDatabase,
  type Migration,
  type PostgresOptions,
} from './storage/postgres/index.js';
