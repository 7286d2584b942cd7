/**
 * Takes the foreign keys off the two tables that every message is written to. Their check was a statement of its
 * own for each row, a fifth of what a message cost PostgreSQL. What they promised holds without them: a send
 * locks the devices of its recipient and of its sender before it writes, and what belongs to a device goes when
 * the device does.
 */
import type { Migration } from './migration.js';

/** See the file's header. */
export const mailboxReferencesMigration: Migration = {
  version: 9,
  name: 'mailbox-references',
  sql: [
    `ALTER TABLE envelopes DROP CONSTRAINT envelopes_account_id_device_id_fkey`,
    `ALTER TABLE attempts DROP CONSTRAINT attempts_sender_account_id_sender_device_id_fkey`,
    // After the row: whoever deletes has waited by then for the sends that had it locked, and sees their rows.
    `CREATE FUNCTION forget_device() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       DELETE FROM envelopes WHERE account_id = OLD.account_id AND device_id = OLD.device_id;
       DELETE FROM attempts WHERE sender_account_id = OLD.account_id AND sender_device_id = OLD.device_id;
       RETURN NULL;
     END $$`,
    `CREATE TRIGGER forget_device AFTER DELETE ON devices FOR EACH ROW EXECUTE FUNCTION forget_device()`,
  ],
};
