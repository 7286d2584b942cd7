/**
 * Finds everything in a mailbox by place: envelope ids name theirs, so their index goes, and a count that
 * is remembered spares the quota a look into the mailbox.
 */
import type { Migration } from './migration.js';

/** See the file's header. */
export const mailboxPlacesMigration: Migration = {
  version: 5,
  name: 'mailbox-places',
  sql: [
    // last_envelope_seq - depth_base_seq is at least the number of envelopes that wait.
    `ALTER TABLE devices ADD COLUMN depth_base_seq bigint NOT NULL DEFAULT 0`,
    // What waits now gets an id that names its place. Who was given the old one is given the envelope again.
    `UPDATE envelopes SET envelope_id =
       (substr(envelope_id::text, 1, 14) || '8' || substr(envelope_id::text, 16, 9)
        || lpad(to_hex(seq), 12, '0'))::uuid`,
    `ALTER TABLE envelopes DROP CONSTRAINT envelopes_account_id_device_id_envelope_id_key`,
  ],
};
