/** Accounts whose identity somebody with the password wants to replace, while their devices may object. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const resetsMigration: Migration = {
  version: 8,
  name: 'resets',
  sql: [
    `CREATE TABLE resets (
       account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
       requested_at bigint NOT NULL,
       completes_at bigint NOT NULL,
       objected boolean NOT NULL
     )`,
    `CREATE INDEX resets_completes_at ON resets (completes_at)`,
  ],
};
