/** Takes devices out of service in SQL, and puts others in their places. Knows no list and no identity. */
import type { AccountId, DeviceAddress, DeviceId, ManifestDevice } from '@sotto/sdk/wire';
import type { Queryable } from '../../ports.js';

const findRetiredSql = `
  SELECT 1 AS one FROM retired_devices
   WHERE account_id = $1 AND device_id = $2 AND (registration_id = $3 OR retired_day >= $4) LIMIT 1`;

/** Locks the device: a send that is being written, to it or from it, is waited for, and those after it wait. */
const retireSql = `
  INSERT INTO retired_devices (account_id, device_id, registration_id, auth_key, retired_day)
  SELECT account_id, device_id, registration_id, auth_key, $3 FROM devices
   WHERE account_id = $1 AND device_id = $2 FOR UPDATE
  RETURNING registration_id`;

const retireFamiliesSql = `
  WITH ended AS (
    DELETE FROM refresh_families WHERE account_id = $1 AND device_id = $2
    RETURNING family_id, account_id, device_id, expires_at)
  INSERT INTO retired_families (family_id, account_id, device_id, registration_id, expires_at)
  SELECT family_id, account_id, device_id, $3, expires_at FROM ended`;

/** What belonged to the old device alone. */
const ownTables = [
  ['lasting_pre_keys', 'account_id', 'device_id'],
  ['one_time_pre_keys', 'account_id', 'device_id'],
  ['continuities', 'account_id', 'device_id'],
  ['device_progress', 'account_id', 'device_id'],
  ['attempts', 'sender_account_id', 'sender_device_id'],
] as const;

/**
 * The device's row goes on under another id, and its envelopes with it, in one statement: their places stay,
 * and a send that waits for the row finds the new device in it.
 */
const moveSql = `
  WITH moved AS (
    UPDATE devices SET device_id = $3, registration_id = $4, auth_key = $5, added_day = $6,
                       acknowledged_store_seq = 0
     WHERE account_id = $1 AND device_id = $2)
  UPDATE envelopes SET device_id = $3 WHERE account_id = $1 AND device_id = $2`;

/** Whether a device's id must rest, or both its ids were an earlier device's. */
export async function isResting(
  transaction: Queryable,
  accountId: AccountId,
  { deviceId, registrationId }: ManifestDevice,
  restingSince: number,
): Promise<boolean> {
  const parameters = [accountId, deviceId, registrationId, restingSince];
  return (await transaction.query(findRetiredSql, parameters)).length > 0;
}

/**
 * Remembers a device as retired, and removes what was its own. Its row stays.
 * @returns false when there is no such device
 */
export async function retire(
  transaction: Queryable,
  accountId: AccountId,
  deviceId: DeviceId,
  today: number,
): Promise<boolean> {
  const old = [accountId, deviceId];
  const [retired] = await transaction.query<{ registration_id: number }>(retireSql, [...old, today]);
  if (!retired) return false;
  await transaction.query(retireFamiliesSql, [...old, retired.registration_id]);
  for (const [table, account, number] of ownTables) {
    await transaction.query(`DELETE FROM ${table} WHERE ${account} = $1 AND ${number} = $2`, old);
  }
  return true;
}

/** Gives what a mailbox elsewhere keeps for a device to another. */
export type HandOver = (from: DeviceAddress, to: DeviceAddress) => Promise<void>;

/** Gives the row of a retired device, and what waits for it, to another. The last step of a transaction. */
export async function succeed(
  transaction: Queryable,
  handOver: HandOver,
  old: DeviceAddress,
  { deviceId, registrationId, authKey, addedDay }: ManifestDevice,
): Promise<void> {
  const { accountId } = old;
  await transaction.query(moveSql, [accountId, old.deviceId, deviceId, registrationId, authKey, addedDay]);
  await handOver(old, { accountId, deviceId });
}
