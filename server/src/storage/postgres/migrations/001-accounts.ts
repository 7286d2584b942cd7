/** Accounts, their devices, and the relay's own settings. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const accountsMigration: Migration = {
  version: 1,
  name: 'accounts',
  sql: [
    // The relay id and whatever else is made once per database.
    `CREATE TABLE relay_settings (
       name text PRIMARY KEY,
       value text NOT NULL
     )`,
    // The statement is (account_id, username, identity_key, statement_signature); the manifest is its JSON on the wire.
    `CREATE TABLE accounts (
       account_id uuid PRIMARY KEY,
       username text NOT NULL UNIQUE,
       identity_key bytea NOT NULL,
       statement_signature bytea NOT NULL,
       manifest text NOT NULL,
       contact_code text NOT NULL,
       auth_scheme text NOT NULL,
       login_key_hash text NOT NULL
     )`,
    `CREATE TABLE devices (
       account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
       device_id int NOT NULL,
       registration_id int NOT NULL,
       auth_key bytea NOT NULL,
       added_day int NOT NULL,
       last_envelope_seq bigint NOT NULL DEFAULT 0,
       PRIMARY KEY (account_id, device_id)
     )`,
    // Never given to someone else. Two tables, so that a deleted account's name and id are no longer joined.
    `CREATE TABLE retired_usernames (username text PRIMARY KEY)`,
    `CREATE TABLE retired_account_ids (account_id uuid PRIMARY KEY)`,
  ],
};
