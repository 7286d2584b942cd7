/** Nonces that were given out, and the refresh-token families that are open. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const authMigration: Migration = {
  version: 3,
  name: 'auth',
  sql: [
    `CREATE TABLE auth_nonces (
       nonce bytea PRIMARY KEY,
       expires_at bigint NOT NULL
     )`,
    `CREATE INDEX auth_nonces_expires_at ON auth_nonces (expires_at)`,
    // `number` is the current token's; `request_hash` is of the request that made it, so that it can be repeated.
    `CREATE TABLE refresh_families (
       family_id uuid PRIMARY KEY,
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       number bigint NOT NULL,
       token_hash bytea NOT NULL,
       request_hash bytea,
       expires_at bigint NOT NULL,
       FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
     )`,
    `CREATE INDEX refresh_families_device ON refresh_families (account_id, device_id)`,
    `CREATE INDEX refresh_families_expires_at ON refresh_families (expires_at)`,
  ],
};
