/** {@link ContinuityStore} in SQL, for PGlite and PostgreSQL. */
import type { KnownContinuity } from '@sotto/sdk/verification';
import type { DeviceAddress } from '@sotto/sdk/wire';
import type { ContinuityStore } from '../../continuity/continuity-store.js';
import type { Database, PreparedStatement, Row } from '../../ports.js';

interface KnownRow extends Row {
  /** Null before the first time. */
  readonly generation: number | null;
  readonly current: Uint8Array;
  readonly previous: Uint8Array | null;
  readonly resumed_at: number;
  /** The highest that came with a send or an acknowledgement; 0 before. */
  readonly store_seq: number;
}

/** The device's row is locked, so that two connections of one device come one after another. */
const lockAndFind: PreparedStatement = {
  name: 'find-continuity',
  sql: `
    SELECT known.generation, known.current, known.previous, known.resumed_at,
           greatest(d.acknowledged_store_seq,
                    (SELECT store_seq FROM device_progress p WHERE p.account_id = d.account_id
                        AND p.device_id = d.device_id)) AS store_seq
      FROM devices d LEFT JOIN LATERAL (
        SELECT * FROM continuities c WHERE c.account_id = d.account_id AND c.device_id = d.device_id
        OFFSET 0) AS known ON true
     WHERE d.account_id = $1 AND d.device_id = $2 FOR NO KEY UPDATE OF d`,
};

const put: PreparedStatement = {
  name: 'put-continuity',
  sql: `
    INSERT INTO continuities (account_id, device_id, generation, current, previous, resumed_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account_id, device_id) DO UPDATE
       SET generation = excluded.generation, current = excluded.current,
           previous = excluded.previous, resumed_at = excluded.resumed_at`,
};

function fromRow({ generation, current, previous, resumed_at, store_seq }: KnownRow) {
  if (generation === null) return undefined;
  const storeSeq = Math.max(store_seq, resumed_at);
  return { generation, storeSeq, current, previous, resumedAt: resumed_at } satisfies KnownContinuity;
}

/** See {@link ContinuityStore}. */
export function createContinuityStore(database: Database): ContinuityStore {
  return {
    replace({ accountId, deviceId }: DeviceAddress, next) {
      return database.transaction(async (transaction) => {
        const [row] = await transaction.query<KnownRow>(lockAndFind, [accountId, deviceId]);
        if (!row) return false;
        const { generation, current, previous, resumedAt } = next(fromRow(row));
        transaction.atCommit(put, [accountId, deviceId, generation, current, previous, resumedAt]);
        return true;
      });
    },
  };
}
