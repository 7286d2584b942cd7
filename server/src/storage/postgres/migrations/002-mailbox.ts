/** Undelivered envelopes, and the attempts that were accepted. */
import type { Migration } from './migration.js';

/** See the file's header. */
export const mailboxMigration: Migration = {
  version: 2,
  name: 'mailbox',
  sql: [
    // `seq` comes from devices.last_envelope_seq under that row's lock, so a device's envelopes commit in the order of `seq`.
    `CREATE TABLE envelopes (
       account_id uuid NOT NULL,
       device_id int NOT NULL,
       seq bigint NOT NULL,
       envelope_id uuid NOT NULL,
       sender_account_id uuid NOT NULL,
       sender_device_id int NOT NULL,
       kind text NOT NULL,
       ciphertext bytea NOT NULL,
       accepted_at bigint NOT NULL,
       PRIMARY KEY (account_id, device_id, seq),
       UNIQUE (account_id, device_id, envelope_id),
       FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
     )`,
    // Ciphertext does not compress; trying costs time.
    `ALTER TABLE envelopes ALTER COLUMN ciphertext SET STORAGE EXTERNAL`,
    // For expiry.
    `CREATE INDEX envelopes_accepted_at ON envelopes (accepted_at)`,
    // A hash in place of the content: enough to tell a repeated request from another one.
    `CREATE TABLE attempts (
       sender_account_id uuid NOT NULL,
       sender_device_id int NOT NULL,
       attempt_id bytea NOT NULL,
       content_hash bytea NOT NULL,
       accepted_at bigint NOT NULL,
       PRIMARY KEY (sender_account_id, sender_device_id, attempt_id),
       FOREIGN KEY (sender_account_id, sender_device_id) REFERENCES devices ON DELETE CASCADE
     )`,
    `CREATE INDEX attempts_accepted_at ON attempts (accepted_at)`,
  ],
};
