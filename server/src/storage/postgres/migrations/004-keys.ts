/** Pre-keys that devices keep at the relay. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const keysMigration: Migration = {
  version: 4,
  name: 'keys',
  sql: [
    // The signed EC key and the last-resort KEM key: one of each, handed out again and again.
    `CREATE TABLE lasting_pre_keys (
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       kind text NOT NULL,
       key_id bigint NOT NULL,
       public_key bytea NOT NULL,
       signature bytea NOT NULL,
       PRIMARY KEY (account_id, device_id, kind),
       FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
     )`,
    // A key that is handed out loses its bytes and keeps its row: the id stays taken, whatever is uploaded meanwhile.
    `CREATE TABLE one_time_pre_keys (
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       kind text NOT NULL,
       key_id bigint NOT NULL,
       public_key bytea,
       signature bytea,
       handed_out_day int,
       PRIMARY KEY (account_id, device_id, kind, key_id),
       FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
     )`,
    `CREATE INDEX one_time_pre_keys_stock ON one_time_pre_keys (account_id, device_id, kind, key_id)
       WHERE handed_out_day IS NULL`,
    `CREATE INDEX one_time_pre_keys_handed_out ON one_time_pre_keys (handed_out_day)
       WHERE handed_out_day IS NOT NULL`,
  ],
};
