/** A mailbox over a migrated database, for the mailbox suite: accounts are put in by SQL. */
import type { AccountId, DeviceAddress } from '@sotto/sdk/wire';
import type { Database } from '../../src/ports.js';
import { migrate } from '../../src/storage/postgres/index.js';
import { openPostgresMailbox } from '../../src/storage/postgres/postgres-mailbox.js';
import { MailboxServer } from '../../src/storage/redis/mailbox-server.js';
import { mailboxKeys } from '../../src/storage/redis/redis-keys.js';
import { openRedisMailbox } from '../../src/storage/redis/redis-mailbox.js';
import type { MailboxUnderTest } from './mailbox-suite.js';

async function addAccount(database: Database, accountId: AccountId): Promise<void> {
  await database.query(
    `INSERT INTO accounts (account_id, username, identity_key, statement_signature, manifest,
                           contact_code, auth_scheme, login_key_hash)
     VALUES ($1, $2, $3, $3, '', '', '', '') ON CONFLICT DO NOTHING`,
    [accountId, `u_${accountId.replaceAll('-', '').slice(0, 28)}`, new Uint8Array(1)],
  );
}

/** Accounts and devices in a migrated database. */
function accountsIn(database: Database) {
  return {
    addDevice: async ({ accountId, deviceId }: DeviceAddress, registrationId: number) => {
      await addAccount(database, accountId);
      await database.query(
        'INSERT INTO devices (account_id, device_id, registration_id, auth_key, added_day) VALUES ($1, $2, $3, $4, 0)',
        [accountId, deviceId, registrationId, new Uint8Array(32)],
      );
    },
    removeDevice: async ({ accountId, deviceId }: DeviceAddress) => {
      await database.query('DELETE FROM devices WHERE account_id = $1 AND device_id = $2', [
        accountId,
        deviceId,
      ]);
    },
    deleteAccount: async (accountId: AccountId) => {
      await database.query('DELETE FROM accounts WHERE account_id = $1', [accountId]);
    },
  };
}

/** Migrates the database and gives it the mailbox suite's handles. Closing closes the database. */
export async function mailboxOver(database: Database): Promise<MailboxUnderTest> {
  await migrate(database);
  return {
    ...accountsIn(database),
    open: (limits) => openPostgresMailbox({ database, limits }),
    countRows: async () => {
      const [row] = await database.query<{ rows: number }>(
        'SELECT (SELECT count(*) FROM envelopes) + (SELECT count(*) FROM attempts) AS rows',
      );
      return row?.rows ?? 0;
    },
    close: () => database.close(),
  };
}

/** The same of a mailbox in an empty Redis. */
export async function redisMailboxOver(database: Database, url: string): Promise<MailboxUnderTest> {
  await migrate(database);
  const server = await MailboxServer.open(url, database);
  const accounts = accountsIn(database);
  const mailbox = openRedisMailbox({ database, server });
  return {
    ...accounts,
    open: (limits) => openRedisMailbox({ database, server, limits }),
    deleteAccount: async (accountId) => {
      await accounts.deleteAccount(accountId);
      // In a running relay it goes with the next sweep.
      await mailbox.forgetGone();
    },
    countRows: () =>
      server.run(async (client) => {
        const count = async (pattern: string, sizeOf: (key: Buffer) => Promise<unknown>) => {
          let rows = 0;
          for (const key of await client.keys(pattern)) rows += Number(await sizeOf(key));
          return rows;
        };
        const envelopes = await count('sotto:{mailbox}:box:*', (key) => client.xLen(key));
        const attempts = await count(`${mailboxKeys.attemptsPrefix}*`, (key) => client.hLen(key));
        const dated = await client.zCard(mailboxKeys.attemptTimes);
        if (Number(dated) !== attempts) throw new Error('attempts and their times have come apart');
        return envelopes + attempts;
      }),
    close: async () => {
      server.close();
      await database.close();
    },
  };
}
