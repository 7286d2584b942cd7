/** {@link RecoveryStore} in SQL, for PGlite and PostgreSQL. */
import { deviceManifest, type DeviceManifest } from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import type { RecoveryStore, ReplaceOutcome, Replacement } from '../../accounts/recovery-store.js';
import type { Database, Queryable } from '../../ports.js';
import { isResting, retire, succeed, type HandOver } from './device-retirement.js';
import { Refused, unlessRefused } from './refusal.js';

/** Locks the account: replacements of one account come one after another, and one of those for the same list wins. */
const putManifestSql = `
  UPDATE accounts SET manifest = $3 WHERE account_id = $1 AND manifest = $2 RETURNING account_id`;

type Refusal = Exclude<ReplaceOutcome, 'replaced'>;

const spell = (manifest: DeviceManifest) => JSON.stringify(z.encode(deviceManifest, manifest));

async function replace(
  transaction: Queryable,
  handOver: HandOver,
  replacement: Replacement,
): Promise<'replaced'> {
  const { current, next, replaces, device, today, restingSince } = replacement;
  const { accountId } = current;
  const put = await transaction.query(putManifestSql, [accountId, spell(current), spell(next)]);
  if (put.length === 0) throw new Refused<Refusal>('manifest-conflict');
  if (await isResting(transaction, accountId, device, restingSince))
    throw new Refused<Refusal>('device-id-taken');
  if (!(await retire(transaction, accountId, replaces, today)))
    throw new Refused<Refusal>('manifest-conflict');
  await succeed(transaction, handOver, { accountId, deviceId: replaces }, device);
  return 'replaced';
}

/** Opens the store. @param handOver - the mailbox's */
export function createRecoveryStore(database: Database, handOver: HandOver): RecoveryStore {
  return {
    replaceDevice: (replacement) =>
      unlessRefused<'replaced', Refusal>(
        database.transaction((transaction) => replace(transaction, handOver, replacement)),
      ),
  };
}
