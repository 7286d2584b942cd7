/** Storing uploaded pre-keys, key by key, inside one transaction. */
import type { DeviceAddress, PreKeyKind, PreKeyUploadResult } from '@sotto/sdk/wire';
import type { CheckedPreKey } from '../../keys/keys-store.js';
import type { Queryable, Row } from '../../ports.js';

type Status = PreKeyUploadResult['status'];

interface KnownRow extends Row {
  readonly kind: PreKeyKind;
  readonly key_id: number;
  /** Null once it was handed out. */
  readonly public_key: Uint8Array | null;
}

interface StockRow extends Row {
  readonly kind: PreKeyKind;
  readonly count: number;
}

// The row lock lets uploads of one device in one after another, so that counting and inserting fit together.
const lockDeviceSql = `
  SELECT device_id FROM devices WHERE account_id = $1 AND device_id = $2 FOR NO KEY UPDATE`;

const findLastingSql = `
  SELECT kind, key_id, public_key FROM lasting_pre_keys WHERE account_id = $1 AND device_id = $2`;

const putLastingSql = `
  INSERT INTO lasting_pre_keys (account_id, device_id, kind, key_id, public_key, signature)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (account_id, device_id, kind)
  DO UPDATE SET key_id = excluded.key_id, public_key = excluded.public_key, signature = excluded.signature`;

const findOneTimeSql = `
  SELECT k.kind, k.key_id, k.public_key
  FROM unnest($3::text[], $4::bigint[]) AS wanted (kind, key_id)
  JOIN one_time_pre_keys k ON k.account_id = $1 AND k.device_id = $2 AND k.kind = wanted.kind
    AND k.key_id = wanted.key_id`;

const stockSql = `
  SELECT kind, count(*) AS count FROM one_time_pre_keys
  WHERE account_id = $1 AND device_id = $2 AND handed_out_day IS NULL GROUP BY kind`;

const insertOneTimeSql = `
  INSERT INTO one_time_pre_keys (account_id, device_id, kind, key_id, public_key, signature)
  SELECT $1, $2, new.kind, new.key_id, new.public_key, new.signature
  FROM unnest($3::text[], $4::bigint[], $5::bytea[], $6::bytea[]) AS new (kind, key_id, public_key, signature)`;

const deleteOthersSql = `
  DELETE FROM one_time_pre_keys k
  WHERE account_id = $1 AND device_id = $2 AND handed_out_day IS NULL AND NOT EXISTS (
    SELECT FROM unnest($3::text[], $4::bigint[]) AS kept (kind, key_id)
    WHERE kept.kind = k.kind AND kept.key_id = k.key_id)`;

const noSignature = new Uint8Array();

function nameOf(kind: PreKeyKind, id: number): string {
  return `${kind} ${id}`;
}

function isOneTime({ kind }: CheckedPreKey): boolean {
  return kind === 'one-time' || kind === 'kem-one-time';
}

function sameBytes(left: Uint8Array | null, right: Uint8Array): boolean {
  return left !== null && Buffer.compare(left, right) === 0;
}

/** What becomes of each key, decided before anything is written; the first of two with one id counts. */
class UploadPlan {
  readonly results: PreKeyUploadResult[] = [];
  readonly stored: CheckedPreKey[] = [];
  readonly #known = new Map<string, Uint8Array | null>();
  readonly #room: Map<PreKeyKind, number>;

  constructor(known: readonly KnownRow[], stock: readonly StockRow[], maxPerKind: number) {
    for (const { kind, key_id, public_key } of known) this.#known.set(nameOf(kind, key_id), public_key);
    this.#room = new Map<PreKeyKind, number>([
      ['one-time', maxPerKind],
      ['kem-one-time', maxPerKind],
    ]);
    for (const { kind, count } of stock) this.#room.set(kind, maxPerKind - count);
  }

  add(key: CheckedPreKey): void {
    const status = this.#decide(key);
    this.results.push({ kind: key.kind, id: key.id, status });
    if (status !== 'stored') return;
    this.stored.push(key);
    this.#known.set(nameOf(key.kind, key.id), key.publicKey);
    const room = this.#room.get(key.kind);
    if (room !== undefined) this.#room.set(key.kind, room - 1);
  }

  #decide({ kind, id, publicKey }: CheckedPreKey): Status {
    const known = this.#known.get(nameOf(kind, id));
    if (known !== undefined) return sameBytes(known, publicKey) ? 'unchanged' : 'conflict';
    return (this.#room.get(kind) ?? 1) > 0 ? 'stored' : 'full';
  }
}

async function insertOneTime(
  transaction: Queryable,
  { accountId, deviceId }: DeviceAddress,
  keys: readonly CheckedPreKey[],
): Promise<void> {
  if (keys.length === 0) return;
  await transaction.query(insertOneTimeSql, [
    accountId,
    deviceId,
    keys.map(({ kind }) => kind),
    keys.map(({ id }) => id),
    keys.map(({ publicKey }) => publicKey),
    keys.map(({ signature }) => signature ?? noSignature),
  ]);
}

async function putLasting(
  transaction: Queryable,
  { accountId, deviceId }: DeviceAddress,
  keys: readonly CheckedPreKey[],
): Promise<void> {
  for (const { kind, id, publicKey, signature } of keys) {
    const parameters = [accountId, deviceId, kind, id, publicKey, signature ?? noSignature];
    await transaction.query(putLastingSql, parameters);
  }
}

/** See `KeysStore.add`. */
export async function addKeys(
  transaction: Queryable,
  device: DeviceAddress,
  keys: readonly CheckedPreKey[],
  { maxPerKind, replace }: { readonly maxPerKind: number; readonly replace: boolean },
): Promise<readonly PreKeyUploadResult[] | undefined> {
  const address = [device.accountId, device.deviceId];
  if ((await transaction.query(lockDeviceSql, address)).length === 0) return undefined;
  const oneTime = keys.filter(isOneTime);
  const wanted = [oneTime.map(({ kind }) => kind), oneTime.map(({ id }) => id)];
  if (replace) await transaction.query(deleteOthersSql, [...address, ...wanted]);
  const known = [
    ...(await transaction.query<KnownRow>(findLastingSql, address)),
    ...(await transaction.query<KnownRow>(findOneTimeSql, [...address, ...wanted])),
  ];
  const plan = new UploadPlan(known, await transaction.query<StockRow>(stockSql, address), maxPerKind);
  for (const key of keys) plan.add(key);
  await insertOneTime(transaction, device, plan.stored.filter(isOneTime));
  await putLasting(
    transaction,
    device,
    plan.stored.filter((key) => !isOneTime(key)),
  );
  return plan.results;
}
