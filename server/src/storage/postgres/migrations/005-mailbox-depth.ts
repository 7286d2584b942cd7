/** Remembers when a mailbox was counted, so that the quota costs no look into it. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const mailboxDepthMigration: Migration = {
  version: 5,
  name: 'mailbox-depth',
  sql: [
    // last_envelope_seq - depth_base_seq is at least the number of envelopes that wait.
    `ALTER TABLE devices ADD COLUMN depth_base_seq bigint NOT NULL DEFAULT 0`,
  ],
};
