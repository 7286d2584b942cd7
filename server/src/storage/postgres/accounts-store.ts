/** {@link AccountsStore} in SQL, for PGlite and PostgreSQL. */
import { deviceManifest, type AccountId, type AccountStatement, type DeviceAddress } from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import type { AccountsStore, CreateOutcome, StoredAccount } from '../../accounts/accounts-store.js';
import type { Database, Queryable, Row } from '../../ports.js';

interface AccountRow extends Row {
  readonly account_id: string;
  readonly username: string;
  readonly identity_key: Uint8Array;
  readonly statement_signature: Uint8Array;
  readonly manifest: string;
  readonly contact_code: string;
  readonly auth_scheme: string;
  readonly login_key_hash: string;
}

interface TakenRow extends Row {
  readonly username: boolean;
  readonly account_id: boolean;
}

interface NamedRow extends Row {
  readonly account_id: AccountId;
  readonly contact_code: string;
}

const findAccountSql = `
  SELECT account_id, username, identity_key, statement_signature, manifest, contact_code, auth_scheme,
         login_key_hash
  FROM accounts WHERE account_id = $1`;

const findByUsernameSql = 'SELECT account_id, contact_code FROM accounts WHERE username = $1';

const insertAccountSql = `
  INSERT INTO accounts (account_id, username, identity_key, statement_signature, manifest, contact_code,
                        auth_scheme, login_key_hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT DO NOTHING
  RETURNING account_id`;

const insertDeviceSql = `
  INSERT INTO devices (account_id, device_id, registration_id, auth_key, added_day)
  VALUES ($1, $2, $3, $4, $5)`;

const findTakenSql = `
  SELECT EXISTS (SELECT FROM accounts WHERE username = $1 AND account_id <> $2)
      OR EXISTS (SELECT FROM retired_usernames WHERE username = $1) AS username,
         EXISTS (SELECT FROM retired_account_ids WHERE account_id = $2) AS account_id`;

const hasKeysSql = `
  SELECT EXISTS (SELECT FROM lasting_pre_keys WHERE account_id = $1)
      OR EXISTS (SELECT FROM one_time_pre_keys WHERE account_id = $1) AS found`;

/** Ends the transaction of a registration that came too late. */
class Taken extends Error {
  constructor(readonly outcome: Exclude<CreateOutcome, 'created'>) {
    super(outcome);
  }
}

function toAccount(row: AccountRow): StoredAccount {
  const statement = {
    accountId: row.account_id,
    username: row.username,
    identityKey: row.identity_key,
    signature: row.statement_signature,
  } as AccountStatement;
  return {
    statement,
    manifest: z.decode(deviceManifest, JSON.parse(row.manifest) as z.input<typeof deviceManifest>),
    contactCode: row.contact_code,
    authScheme: row.auth_scheme,
    loginKeyHash: row.login_key_hash,
  };
}

function toParameters({
  statement,
  manifest,
  contactCode,
  authScheme,
  loginKeyHash,
}: StoredAccount): unknown[] {
  const { accountId, username, identityKey, signature } = statement;
  const manifestText = JSON.stringify(z.encode(deviceManifest, manifest));
  return [accountId, username, identityKey, signature, manifestText, contactCode, authScheme, loginKeyHash];
}

async function insertAccount(transaction: Queryable, account: StoredAccount): Promise<void> {
  const { accountId, username } = account.statement;
  const inserted = await transaction.query(insertAccountSql, toParameters(account));
  // Asked after the insert: it waited for a removal under way, and what that one retired is visible only now.
  const [taken] = await transaction.query<TakenRow>(findTakenSql, [username, accountId]);
  if (taken?.username) throw new Taken('username-taken');
  if (taken?.account_id || inserted.length === 0) throw new Taken('account-id-taken');
  for (const { deviceId, registrationId, authKey, addedDay } of account.manifest.devices) {
    await transaction.query(insertDeviceSql, [accountId, deviceId, registrationId, authKey, addedDay]);
  }
}

async function create(database: Database, account: StoredAccount): Promise<CreateOutcome> {
  try {
    await database.transaction((transaction) => insertAccount(transaction, account));
    return 'created';
  } catch (error) {
    if (error instanceof Taken) return error.outcome;
    throw error;
  }
}

async function remove(transaction: Queryable, accountId: AccountId): Promise<readonly DeviceAddress[]> {
  const devices = await transaction.query<{ device_id: number }>(
    'SELECT device_id FROM devices WHERE account_id = $1',
    [accountId],
  );
  const [removed] = await transaction.query<{ username: string }>(
    'DELETE FROM accounts WHERE account_id = $1 RETURNING username',
    [accountId],
  );
  if (removed === undefined) return [];
  await transaction.query('INSERT INTO retired_usernames (username) VALUES ($1)', [removed.username]);
  await transaction.query('INSERT INTO retired_account_ids (account_id) VALUES ($1)', [accountId]);
  return devices.map(({ device_id }) => ({ accountId, deviceId: device_id }) as DeviceAddress);
}

/** Opens the store. */
export function createAccountsStore(database: Database): AccountsStore {
  return {
    async find(accountId) {
      const [row] = await database.query<AccountRow>(findAccountSql, [accountId]);
      return row && toAccount(row);
    },
    async findByUsername(username) {
      const [row] = await database.query<NamedRow>(findByUsernameSql, [username]);
      return row && { accountId: row.account_id, contactCode: row.contact_code };
    },
    async hasKeys(accountId) {
      const [row] = await database.query<{ found: boolean }>(hasKeysSql, [accountId]);
      return row?.found === true;
    },
    create: (account) => create(database, account),
    remove: (accountId) => database.transaction((transaction) => remove(transaction, accountId)),
  };
}
