/** A mailbox over a migrated database, for the mailbox suite: accounts are put in by SQL. */
import type { AccountId, DeviceAddress } from '@sotto/sdk/wire';
import type { Database } from '../../src/ports.js';
import { migrate } from '../../src/storage/postgres/index.js';
import { openPostgresMailbox } from '../../src/storage/postgres/postgres-mailbox.js';
import type { MailboxUnderTest } from './mailbox-suite.js';

async function addAccount(database: Database, accountId: AccountId): Promise<void> {
  await database.query(
    `INSERT INTO accounts (account_id, username, identity_key, statement_signature, manifest,
                           contact_code, auth_scheme, login_key_hash)
     VALUES ($1, $2, $3, $3, '', '', '', '') ON CONFLICT DO NOTHING`,
    [accountId, `u_${accountId.replaceAll('-', '').slice(0, 28)}`, new Uint8Array(1)],
  );
}

/** Migrates the database and gives it the mailbox suite's handles. Closing closes the database. */
export async function mailboxOver(database: Database): Promise<MailboxUnderTest> {
  await migrate(database);
  return {
    open: (limits) => openPostgresMailbox({ database, limits }),
    addDevice: async ({ accountId, deviceId }: DeviceAddress, registrationId) => {
      await addAccount(database, accountId);
      await database.query(
        'INSERT INTO devices (account_id, device_id, registration_id, auth_key, added_day) VALUES ($1, $2, $3, $4, 0)',
        [accountId, deviceId, registrationId, new Uint8Array(32)],
      );
    },
    removeDevice: async ({ accountId, deviceId }) => {
      await database.query('DELETE FROM devices WHERE account_id = $1 AND device_id = $2', [
        accountId,
        deviceId,
      ]);
    },
    deleteAccount: async (accountId) => {
      await database.query('DELETE FROM accounts WHERE account_id = $1', [accountId]);
    },
    countRows: async () => {
      const [row] = await database.query<{ rows: number }>(
        'SELECT (SELECT count(*) FROM envelopes) + (SELECT count(*) FROM attempts) AS rows',
      );
      return row?.rows ?? 0;
    },
    close: () => database.close(),
  };
}
