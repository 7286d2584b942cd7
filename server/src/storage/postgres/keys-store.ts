/** {@link KeysStore} in SQL, for PGlite and PostgreSQL. */
import type { AccountId, DeviceAddress, DeviceId, PreKeyStatus } from '@sotto/sdk/wire';
import type { ClaimedKeys, KeysStore, LastingKeys, StoredPreKey } from '../../keys/keys-store.js';
import type { Database, Row } from '../../ports.js';
import { addKeys } from './keys-upload.js';

interface StatusRow extends Row {
  readonly one_time: number;
  readonly kem_one_time: number;
  readonly signed_id: number | null;
  readonly kem_last_resort_id: number | null;
}

interface LastingRow extends Row {
  readonly device_id: DeviceId;
  readonly registration_id: number;
  readonly kind: string | null;
  readonly key_id: number;
  readonly public_key: Uint8Array;
  readonly signature: Uint8Array;
}

interface ClaimedRow extends Row {
  readonly device_id: DeviceId;
  readonly kind: string;
  readonly key_id: number;
  readonly public_key: Uint8Array;
  readonly signature: Uint8Array;
}

interface StockRow extends Row {
  readonly device_id: DeviceId;
  readonly left: number;
}

const statusSql = `
  SELECT
    (SELECT count(*) FROM one_time_pre_keys WHERE account_id = $1 AND device_id = $2
       AND kind = 'one-time' AND handed_out_day IS NULL) AS one_time,
    (SELECT count(*) FROM one_time_pre_keys WHERE account_id = $1 AND device_id = $2
       AND kind = 'kem-one-time' AND handed_out_day IS NULL) AS kem_one_time,
    (SELECT key_id FROM lasting_pre_keys WHERE account_id = $1 AND device_id = $2
       AND kind = 'signed') AS signed_id,
    (SELECT key_id FROM lasting_pre_keys WHERE account_id = $1 AND device_id = $2
       AND kind = 'kem-last-resort') AS kem_last_resort_id`;

const findLastingSql = `
  SELECT d.device_id, d.registration_id, k.kind, k.key_id, k.public_key, k.signature
  FROM devices d LEFT JOIN lasting_pre_keys k USING (account_id, device_id)
  WHERE d.account_id = $1 AND d.device_id = ANY ($2::int[])
  ORDER BY d.device_id`;

// SKIP LOCKED: callers at the same time take different keys and none waits. The CTE is evaluated once; as a
// subquery of the UPDATE it could be evaluated again for a row and take more keys than it returns.
const claimSql = `
  WITH picked AS MATERIALIZED (
    SELECT stock.* FROM unnest($2::int[]) AS wanted (device_id)
    CROSS JOIN (VALUES ('one-time'), ('kem-one-time')) AS kinds (kind)
    CROSS JOIN LATERAL (
      SELECT k.device_id, k.kind, k.key_id, k.public_key, k.signature FROM one_time_pre_keys k
      WHERE k.account_id = $1 AND k.device_id = wanted.device_id AND k.kind = kinds.kind
        AND k.handed_out_day IS NULL
      ORDER BY k.key_id LIMIT 1
      FOR UPDATE SKIP LOCKED) AS stock)
  UPDATE one_time_pre_keys k
  SET handed_out_day = $3, public_key = NULL, signature = NULL
  FROM picked
  WHERE k.account_id = $1 AND k.device_id = picked.device_id AND k.kind = picked.kind
    AND k.key_id = picked.key_id
  RETURNING k.device_id, k.kind, k.key_id, picked.public_key, picked.signature`;

const stockSql = `
  SELECT wanted.device_id, least(
    (SELECT count(*) FROM one_time_pre_keys k WHERE k.account_id = $1 AND k.device_id = wanted.device_id
       AND k.kind = 'one-time' AND k.handed_out_day IS NULL),
    (SELECT count(*) FROM one_time_pre_keys k WHERE k.account_id = $1 AND k.device_id = wanted.device_id
       AND k.kind = 'kem-one-time' AND k.handed_out_day IS NULL)) AS left
  FROM unnest($2::int[]) AS wanted (device_id)`;

const sweepSql = `
  WITH gone AS (DELETE FROM one_time_pre_keys WHERE handed_out_day <= $1 RETURNING 1)
  SELECT count(*) AS count FROM gone`;

function toStored(row: LastingRow | ClaimedRow): StoredPreKey {
  return { id: row.key_id, publicKey: row.public_key, signature: row.signature };
}

function toLasting(deviceId: DeviceId, rows: readonly LastingRow[]): LastingKeys {
  const ofKind = (kind: string) => rows.find((row) => row.kind === kind);
  const signed = ofKind('signed');
  const lastResort = ofKind('kem-last-resort');
  return {
    deviceId,
    registrationId: rows[0]?.registration_id ?? 0,
    signed: signed && toStored(signed),
    kemLastResort: lastResort && toStored(lastResort),
  };
}

async function status(database: Database, { accountId, deviceId }: DeviceAddress): Promise<PreKeyStatus> {
  const [row] = await database.query<StatusRow>(statusSql, [accountId, deviceId]);
  return {
    oneTime: row?.one_time ?? 0,
    kemOneTime: row?.kem_one_time ?? 0,
    signedId: row?.signed_id ?? null,
    kemLastResortId: row?.kem_last_resort_id ?? null,
  };
}

async function findLasting(
  database: Database,
  accountId: AccountId,
  wanted: readonly DeviceId[],
): Promise<readonly LastingKeys[]> {
  const rows = await database.query<LastingRow>(findLastingSql, [accountId, wanted]);
  const deviceIds = [...new Set(rows.map((row) => row.device_id))];
  return deviceIds.map((deviceId) =>
    toLasting(
      deviceId,
      rows.filter((row) => row.device_id === deviceId),
    ),
  );
}

async function claim(
  database: Database,
  accountId: AccountId,
  deviceIds: readonly DeviceId[],
  today: number,
): Promise<readonly ClaimedKeys[]> {
  const claimed = await database.query<ClaimedRow>(claimSql, [accountId, deviceIds, today]);
  const stock = await database.query<StockRow>(stockSql, [accountId, deviceIds]);
  const find = (deviceId: DeviceId, kind: string) => {
    const row = claimed.find((one) => one.device_id === deviceId && one.kind === kind);
    return row && toStored(row);
  };
  return stock.map(({ device_id: deviceId, left }) => ({
    deviceId,
    oneTime: find(deviceId, 'one-time'),
    kemOneTime: find(deviceId, 'kem-one-time'),
    left,
  }));
}

/** Opens the store. */
export function createKeysStore(database: Database): KeysStore {
  return {
    add: (device, keys, options) =>
      database.transaction((transaction) => addKeys(transaction, device, keys, options)),
    status: (device) => status(database, device),
    findLasting: (accountId, deviceIds) => findLasting(database, accountId, deviceIds),
    claim: (accountId, deviceIds, today) => claim(database, accountId, deviceIds, today),
    async sweepHandedOut(lastDay) {
      const [row] = await database.query<{ count: number }>(sweepSql, [lastDay]);
      return row?.count ?? 0;
    },
  };
}
