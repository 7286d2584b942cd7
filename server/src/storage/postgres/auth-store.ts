/** {@link AuthStore} in SQL, for PGlite and PostgreSQL. */
import type { AccountId, DeviceAddress } from '@sotto/sdk/wire';
import type { AuthStore, LoginRecord, NewRefreshFamily, RefreshFamily } from '../../auth/auth-store.js';
import type { Database, PreparedStatement, Row, Statement } from '../../ports.js';

interface LoginRow extends Row {
  readonly account_id: AccountId;
  readonly auth_scheme: string;
  readonly login_key_hash: string;
  readonly auth_key: Uint8Array | null;
  readonly retired_auth_key: Uint8Array | null;
}

interface FamilyRow extends Row {
  readonly account_id: string;
  readonly device_id: number;
  readonly auth_key: Uint8Array;
  readonly number: number;
  readonly request_hash: Uint8Array | null;
  readonly expires_at: number;
}

interface CountRow extends Row {
  readonly count: number;
}

const findLoginSql = `
  SELECT a.account_id, a.auth_scheme, a.login_key_hash, d.auth_key,
         (SELECT r.auth_key FROM retired_devices r WHERE r.account_id = a.account_id AND r.device_id = $2
           ORDER BY r.retired_day DESC LIMIT 1) AS retired_auth_key
  FROM accounts a LEFT JOIN devices d ON d.account_id = a.account_id AND d.device_id = $2
  WHERE a.username = $1`;

const sweepNoncesSql = `
  WITH gone AS (
    DELETE FROM auth_nonces
    WHERE expires_at <= $1
       OR nonce IN (SELECT nonce FROM auth_nonces ORDER BY expires_at DESC OFFSET $2)
    RETURNING 1)
  SELECT count(*) AS count FROM gone`;

const addFamilySql = `
  INSERT INTO refresh_families (family_id, account_id, device_id, number, token_hash, expires_at)
  SELECT $1, account_id, device_id, 0, $4, $5 FROM devices WHERE account_id = $2 AND device_id = $3
  RETURNING family_id`;

const trimFamiliesSql = `
  DELETE FROM refresh_families WHERE family_id IN (
    SELECT family_id FROM refresh_families WHERE account_id = $1 AND device_id = $2
    ORDER BY family_id = $4 DESC, expires_at DESC OFFSET $3)`;

/** A family has a device as long as it lives; the subquery leaves the planner one way to its key. */
const findFamily: PreparedStatement = {
  name: 'find-family',
  sql: `
    SELECT f.account_id, f.device_id, f.number, f.request_hash, f.expires_at,
           (SELECT d.auth_key FROM devices d
             WHERE d.account_id = f.account_id AND d.device_id = f.device_id) AS auth_key
      FROM refresh_families f WHERE f.family_id = $1`,
};

const advanceFamily: PreparedStatement = {
  name: 'advance-family',
  sql: `
    UPDATE refresh_families
       SET number = number + 1, token_hash = $3, request_hash = $4, expires_at = $5
     WHERE family_id = $1 AND token_hash = $2 AND expires_at > $6
     RETURNING family_id`,
};

const findAuthKey: PreparedStatement = {
  name: 'find-auth-key',
  sql: 'SELECT auth_key FROM devices WHERE account_id = $1 AND device_id = $2',
};

const addNonce: PreparedStatement = {
  name: 'add-nonce',
  sql: 'INSERT INTO auth_nonces (nonce, expires_at) VALUES ($1, $2)',
};

const takeNonce: PreparedStatement = {
  name: 'take-nonce',
  sql: 'DELETE FROM auth_nonces WHERE nonce = $1 AND expires_at > $2 RETURNING nonce',
};

const findRetiredFamilySql = `
  SELECT d.auth_key FROM retired_families f JOIN retired_devices d
      ON d.account_id = f.account_id AND d.device_id = f.device_id AND d.registration_id = f.registration_id
   WHERE f.family_id = $1`;

const sweepFamiliesSql = `
  WITH gone AS (DELETE FROM refresh_families WHERE expires_at <= $1 RETURNING 1),
       retired AS (DELETE FROM retired_families WHERE expires_at <= $1 RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM retired) AS count`;

function toLogin(row: LoginRow): LoginRecord {
  return {
    accountId: row.account_id,
    authScheme: row.auth_scheme,
    loginKeyHash: row.login_key_hash,
    authKey: row.auth_key ?? undefined,
    retiredAuthKey: row.retired_auth_key ?? undefined,
  };
}

function toFamily(row: FamilyRow): RefreshFamily {
  return {
    device: { accountId: row.account_id, deviceId: row.device_id } as DeviceAddress,
    authKey: row.auth_key,
    number: row.number,
    requestHash: row.request_hash ?? undefined,
    expiresAt: row.expires_at,
  };
}

async function addFamily(database: Database, family: NewRefreshFamily): Promise<boolean> {
  const { familyId, device, tokenHash, expiresAt, maxFamilies } = family;
  const { accountId, deviceId } = device;
  return database.transaction(async (transaction) => {
    const added = await transaction.query(addFamilySql, [
      familyId,
      accountId,
      deviceId,
      tokenHash,
      expiresAt,
    ]);
    await transaction.query(trimFamiliesSql, [accountId, deviceId, maxFamilies, familyId]);
    return added.length === 1;
  });
}

/** Opens the store. */
export function createAuthStore(database: Database): AuthStore {
  const count = async (statement: Statement, parameters: readonly unknown[]) =>
    (await database.query<CountRow>(statement, parameters))[0]?.count ?? 0;
  return {
    async findLogin(username, deviceId) {
      const [row] = await database.query<LoginRow>(findLoginSql, [username, deviceId]);
      return row && toLogin(row);
    },
    async findAuthKey({ accountId, deviceId }) {
      const [row] = await database.query<{ auth_key: Uint8Array }>(findAuthKey, [accountId, deviceId]);
      return row?.auth_key;
    },
    async addNonce(nonce, expiresAt) {
      await database.query(addNonce, [nonce, expiresAt]);
    },
    async takeNonce(nonce, now) {
      return (await database.query(takeNonce, [nonce, now])).length === 1;
    },
    sweepNonces: (now, max) => count(sweepNoncesSql, [now, max]),
    addFamily: (family) => addFamily(database, family),
    async findFamily(familyId) {
      const [row] = await database.query<FamilyRow>(findFamily, [familyId]);
      return row && toFamily(row);
    },
    async findRetiredFamily(familyId) {
      const [row] = await database.query<{ auth_key: Uint8Array }>(findRetiredFamilySql, [familyId]);
      return row?.auth_key;
    },
    async advanceFamily({ familyId, tokenHash, nextTokenHash, requestHash, expiresAt, now }) {
      const parameters = [familyId, tokenHash, nextTokenHash, requestHash, expiresAt, now];
      return (await database.query(advanceFamily, parameters)).length === 1;
    },
    async removeFamily(familyId) {
      await database.query('DELETE FROM refresh_families WHERE family_id = $1', [familyId]);
    },
    sweepFamilies: (now) => count(sweepFamiliesSql, [now]),
  };
}
