/** {@link ResetStore} in SQL, for PGlite and PostgreSQL. */
import { deviceManifest, type DeviceId, type ManifestDevice } from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import type { IdentityChange, PendingReset, ResetOutcome, ResetStore } from '../../accounts/reset-store.js';
import type { Database, Queryable, Row } from '../../ports.js';
import { isResting, retire, succeed, type HandOver } from './device-retirement.js';
import { Refused, unlessRefused } from './refusal.js';

interface ResetRow extends Row {
  readonly requested_at: number;
  readonly completes_at: number;
  readonly objected: boolean;
}

const isInUseSql = `
  SELECT EXISTS (SELECT FROM refresh_families WHERE account_id = $1 AND expires_at > $2) AS found`;

const findSql = 'SELECT requested_at, completes_at, objected FROM resets WHERE account_id = $1';

const askSql = `
  INSERT INTO resets AS known (account_id, requested_at, completes_at, objected) VALUES ($1, $2, $3, false)
  ON CONFLICT (account_id) DO UPDATE
     SET requested_at = excluded.requested_at, completes_at = excluded.completes_at, objected = false
   WHERE known.completes_at < CASE WHEN known.objected THEN $2 ELSE $4 END`;

const putIdentitySql = `
  UPDATE accounts SET identity_key = $2, statement_signature = $3, manifest = $4, contact_code = $5
   WHERE account_id = $1`;

const toPending = (row: ResetRow): PendingReset => ({
  requestedAt: row.requested_at,
  completesAt: row.completes_at,
  objected: row.objected,
});

type Refusal = Exclude<ResetOutcome['kind'], 'reset'>;

async function takePermission(
  transaction: Queryable,
  { statement: { accountId }, now, overBefore }: IdentityChange,
): Promise<void> {
  const [row] = await transaction.query<ResetRow>(`${findSql} FOR UPDATE`, [accountId]);
  if (row?.objected) throw new Refused<Refusal>('objected');
  if (!row || row.completes_at > now || row.completes_at < overBefore) throw new Refused<Refusal>('waiting');
  await transaction.query('DELETE FROM resets WHERE account_id = $1', [accountId]);
}

async function putIdentity(transaction: Queryable, change: IdentityChange): Promise<void> {
  const { statement, manifest, contactCode } = change;
  const manifestText = JSON.stringify(z.encode(deviceManifest, manifest));
  const { accountId, identityKey, signature } = statement;
  await transaction.query(putIdentitySql, [accountId, identityKey, signature, manifestText, contactCode]);
}

async function complete(
  transaction: Queryable,
  handOver: HandOver,
  change: IdentityChange,
): Promise<ResetOutcome> {
  const { accountId } = change.statement;
  const [device] = change.manifest.devices as [ManifestDevice];
  await takePermission(transaction, change);
  await putIdentity(transaction, change);
  const rows = await transaction.query<{ device_id: DeviceId }>(
    'SELECT device_id FROM devices WHERE account_id = $1 ORDER BY device_id FOR UPDATE',
    [accountId],
  );
  const gone = rows.map(({ device_id: deviceId }) => ({ accountId, deviceId }));
  const isThere = gone.some(({ deviceId }) => deviceId === device.deviceId);
  if (isThere || (await isResting(transaction, accountId, device, change.restingSince))) {
    throw new Refused<Refusal>('device-id-taken');
  }
  for (const { deviceId } of gone) await retire(transaction, accountId, deviceId, change.today);
  const [first, ...others] = gone;
  for (const { deviceId } of others) {
    await transaction.query('DELETE FROM devices WHERE account_id = $1 AND device_id = $2', [
      accountId,
      deviceId,
    ]);
  }
  if (first) await succeed(transaction, handOver, first, device);
  return { kind: 'reset', gone };
}

/** Opens the store. @param handOver - the mailbox's */
export function createResetStore(database: Database, handOver: HandOver): ResetStore {
  return {
    async isInUse(accountId, expiringAfter) {
      const [row] = await database.query<{ found: boolean }>(isInUseSql, [accountId, expiringAfter]);
      return row?.found === true;
    },
    async find(accountId) {
      const [row] = await database.query<ResetRow>(findSql, [accountId]);
      return row && toPending(row);
    },
    ask: (accountId, { requestedAt, completesAt }, overBefore) =>
      database.transaction(async (transaction) => {
        await transaction.query(askSql, [accountId, requestedAt, completesAt, overBefore]);
        const [row] = await transaction.query<ResetRow>(findSql, [accountId]);
        return toPending(row as ResetRow);
      }),
    async object(accountId) {
      await database.query('UPDATE resets SET objected = true WHERE account_id = $1', [accountId]);
    },
    async complete(change) {
      const outcome = await unlessRefused<ResetOutcome, Refusal>(
        database.transaction((transaction) => complete(transaction, handOver, change)),
      );
      return typeof outcome === 'string' ? { kind: outcome } : outcome;
    },
    async sweep(overBefore) {
      const rows = await database.query('DELETE FROM resets WHERE completes_at < $1 RETURNING account_id', [
        overBefore,
      ]);
      return rows.length;
    },
  };
}
