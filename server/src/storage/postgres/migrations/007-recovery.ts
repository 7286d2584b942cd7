/** Devices that others took the place of, so that they are told when they come back and their ids rest. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const recoveryMigration: Migration = {
  version: 7,
  name: 'recovery',
  sql: [
    `CREATE TABLE retired_devices (
       account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
       device_id int NOT NULL,
       registration_id int NOT NULL,
       auth_key bytea NOT NULL,
       retired_day int NOT NULL,
       PRIMARY KEY (account_id, device_id, registration_id)
     )`,
    // A refresh token names its family alone: this is how a device that was replaced is recognised by one.
    `CREATE TABLE retired_families (
       family_id uuid PRIMARY KEY,
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       registration_id int NOT NULL,
       expires_at bigint NOT NULL,
       FOREIGN KEY (account_id, device_id, registration_id) REFERENCES retired_devices ON DELETE CASCADE
     )`,
    `CREATE INDEX retired_families_device ON retired_families (account_id, device_id, registration_id)`,
    `CREATE INDEX retired_families_expires_at ON retired_families (expires_at)`,
  ],
};
