/** How far devices' storages have come, so that an older state or a copy of one is noticed. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const continuityMigration: Migration = {
  version: 6,
  name: 'continuity',
  sql: [
    `CREATE TABLE continuities (
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       generation int NOT NULL,
       current bytea NOT NULL,
       previous bytea,
       resumed_at bigint NOT NULL,
       PRIMARY KEY (account_id, device_id),
       FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
     )`,
    // Written with every accepted send: room on each page keeps the new version of a row beside the old one.
    `CREATE TABLE device_progress (
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       store_seq bigint NOT NULL,
       PRIMARY KEY (account_id, device_id),
       FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
     ) WITH (fillfactor = 50)`,
  ],
};
