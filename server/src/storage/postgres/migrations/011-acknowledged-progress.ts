/**
 * Keeps how far a device had come when it acknowledged in the device's own row, which the send that brought the
 * envelope has written just before. What it showed with sends stays apart in `device_progress`: its own row is locked
 * by everybody who sends to it, and a sender must not wait for them.
 */
import type { Migration } from './migration.js';

/** See the file's header. */
export const acknowledgedProgressMigration: Migration = {
  version: 11,
  name: 'acknowledged-progress',
  sql: [`ALTER TABLE devices ADD COLUMN acknowledged_store_seq bigint NOT NULL DEFAULT 0`],
};
