/**
 * The statements of the mailbox. Each takes and gives whole batches, so that a transaction costs a
 * handful of round trips however many sends it carries. Knows no rule of the mailbox.
 */
import type { AccountId, DeviceAddress, DeviceId, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import type { AcceptPlan, KnownAttempt, LockedDevice } from '../../mailbox/accept-plan.js';
import type { MailboxPage, PageLimit, StoredEnvelope } from '../../mailbox/mailbox.js';
import type { Queryable, Row, Transaction } from '../../ports.js';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './arrays.js';

const accountIds = (devices: readonly DeviceAddress[]) =>
  uuidArray(devices.map(({ accountId }) => accountId));
const deviceIds = (devices: readonly DeviceAddress[]) => int4Array(devices.map(({ deviceId }) => deviceId));

interface DeviceRow extends Row {
  readonly account_id: AccountId;
  readonly device_id: DeviceId;
  readonly registration_id: number;
  readonly last_envelope_seq: number;
  readonly depth_base_seq: number;
}

/**
 * Locks every device of the accounts, always in the same order, so that two transactions never wait
 * for one another. `depth` is what was stored since the mailbox was counted, and what it held then: it
 * may be too high.
 */
export async function lockDevices(
  transaction: Queryable,
  accounts: readonly AccountId[],
): Promise<LockedDevice[]> {
  const rows = await transaction.query<DeviceRow>(
    `SELECT account_id, device_id, registration_id, last_envelope_seq, depth_base_seq
       FROM devices WHERE account_id = ANY($1::uuid[])
      ORDER BY account_id, device_id FOR NO KEY UPDATE`,
    [uuidArray(accounts)],
  );
  return rows.map((row) => ({
    accountId: row.account_id,
    deviceId: row.device_id,
    registrationId: row.registration_id,
    lastSeq: row.last_envelope_seq,
    depth: row.last_envelope_seq - row.depth_base_seq,
  }));
}

/** How many envelopes wait for a device, exactly. */
export async function countEnvelopes(source: Queryable, device: DeviceAddress): Promise<number> {
  const [row] = await source.query<{ depth: number }>(
    'SELECT count(*)::int8 AS depth FROM envelopes WHERE account_id = $1 AND device_id = $2',
    [device.accountId, device.deviceId],
  );
  return row?.depth ?? 0;
}

/** Counts a mailbox and remembers the count for {@link lockDevices}. The device's row is locked. */
export async function recountEnvelopes(transaction: Queryable, device: DeviceAddress): Promise<number> {
  const [row] = await transaction.query<{ depth: number }>(
    `UPDATE devices d SET depth_base_seq = last_envelope_seq -
            (SELECT count(*) FROM envelopes e WHERE e.account_id = d.account_id AND e.device_id = d.device_id)
      WHERE account_id = $1 AND device_id = $2
      RETURNING last_envelope_seq - depth_base_seq AS depth`,
    [device.accountId, device.deviceId],
  );
  return row?.depth ?? 0;
}

/** A send, as far as its sender is concerned. */
export interface AskedAttempt {
  readonly sender: DeviceAddress;
  readonly attemptId: Uint8Array;
}

/** What is known of sends and their senders. */
export interface KnownSends {
  /** Attempts that were accepted before. */
  readonly attempts: readonly KnownAttempt[];
  /** Sending devices that do not exist. */
  readonly strangers: readonly DeviceAddress[];
}

interface KnownRow extends Row {
  /** Which of those asked for; 1 is the first. */
  readonly place: number;
  /** Null when it is the sender that is unknown. */
  readonly content_hash: Uint8Array | null;
  readonly accepted_at: number;
}

const findSendsSql = `
  SELECT asked.place, a.content_hash, a.accepted_at
    FROM unnest($1::uuid[], $2::int[], $3::bytea[]) WITH ORDINALITY
      AS asked (account_id, device_id, attempt_id, place)
    JOIN attempts a ON (a.sender_account_id, a.sender_device_id, a.attempt_id)
                     = (asked.account_id, asked.device_id, asked.attempt_id)
  UNION ALL
  SELECT asked.place, NULL, NULL
    FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS asked (account_id, device_id, place)
   WHERE NOT EXISTS (SELECT FROM devices d
                      WHERE (d.account_id, d.device_id) = (asked.account_id, asked.device_id))`;

/** Looks sends up; the usual answer is that nothing is known and nobody is a stranger. */
export async function findSends(source: Queryable, asked: readonly AskedAttempt[]): Promise<KnownSends> {
  const senders = asked.map(({ sender }) => sender);
  const attemptIds = byteaArray(asked.map(({ attemptId }) => attemptId));
  const parameters = [accountIds(senders), deviceIds(senders), attemptIds];
  const attempts: KnownAttempt[] = [];
  const strangers: DeviceAddress[] = [];
  for (const row of await source.query<KnownRow>(findSendsSql, parameters)) {
    const { sender, attemptId } = asked[row.place - 1] as AskedAttempt;
    const { content_hash: contentHash, accepted_at: acceptedAt } = row;
    if (contentHash === null) strangers.push(sender);
    else attempts.push({ sender, attemptId, contentHash, acceptedAt });
  }
  return { attempts, strangers };
}

const writeAcceptedSql = `
  WITH advanced AS (
    UPDATE devices d SET last_envelope_seq = moved.seq
      FROM unnest($1::uuid[], $2::int[], $3::int8[]) AS moved (account_id, device_id, seq)
     WHERE (d.account_id, d.device_id) = (moved.account_id, moved.device_id)),
  stored AS (
    INSERT INTO envelopes (account_id, device_id, seq, envelope_id, sender_account_id,
                           sender_device_id, kind, ciphertext, accepted_at)
    SELECT * FROM unnest($4::uuid[], $5::int[], $6::int8[], $7::uuid[], $8::uuid[],
                         $9::int[], $10::text[], $11::bytea[], $12::int8[]))
  INSERT INTO attempts (sender_account_id, sender_device_id, attempt_id, content_hash, accepted_at)
  SELECT * FROM unnest($13::uuid[], $14::int[], $15::bytea[], $16::bytea[], $17::int8[])`;

/** Writes what was planned, together with the commit. The devices' rows are locked. */
export function writeAccepted(transaction: Transaction, plan: AcceptPlan): void {
  const { advanced, envelopes, attempts } = plan;
  const moved = advanced.map(({ to }) => to);
  const to = envelopes.map((envelope) => envelope.to);
  const from = envelopes.map((envelope) => envelope.from);
  const senders = attempts.map(({ sender }) => sender);
  transaction.atCommit(writeAcceptedSql, [
    accountIds(moved),
    deviceIds(moved),
    int8Array(advanced.map(({ lastSeq }) => lastSeq)),
    accountIds(to),
    deviceIds(to),
    int8Array(envelopes.map(({ seq }) => seq)),
    uuidArray(envelopes.map(({ envelopeId }) => envelopeId)),
    accountIds(from),
    deviceIds(from),
    textArray(envelopes.map(({ kind }) => kind)),
    byteaArray(envelopes.map(({ ciphertext }) => ciphertext)),
    int8Array(envelopes.map(({ acceptedAt }) => acceptedAt)),
    accountIds(senders),
    deviceIds(senders),
    byteaArray(attempts.map(({ attemptId }) => attemptId)),
    byteaArray(attempts.map(({ contentHash }) => contentHash)),
    int8Array(attempts.map(({ acceptedAt }) => acceptedAt)),
  ]);
}

interface EnvelopeRow extends Row {
  readonly seq: number;
  readonly envelope_id: EnvelopeId;
  readonly sender_account_id: AccountId;
  readonly sender_device_id: DeviceId;
  readonly kind: Envelope['kind'];
  readonly ciphertext: Uint8Array;
  readonly accepted_at: number;
}

function storedEnvelope(row: EnvelopeRow): StoredEnvelope {
  return {
    seq: row.seq,
    envelope: {
      id: row.envelope_id,
      sender: { accountId: row.sender_account_id, deviceId: row.sender_device_id },
      kind: row.kind,
      ciphertext: row.ciphertext as Uint8Array<ArrayBuffer>,
      acceptedAt: row.accepted_at,
    },
  };
}

/** Which envelopes of a mailbox are looked for. */
export interface PageStart {
  readonly afterSeq: number;
  /** Accepted then or later, milliseconds since the Unix epoch. */
  readonly acceptedFromMs: number;
}

/**
 * The oldest envelopes after a place. One more than asked for is looked at, to know whether there are
 * more; `place` and `running` number the rows and add up their bytes, and the first always comes.
 */
export async function selectPage(
  source: Queryable,
  device: DeviceAddress,
  { afterSeq, acceptedFromMs }: PageStart,
  limit: PageLimit,
): Promise<MailboxPage> {
  const rows = await source.query<EnvelopeRow & { readonly found: number }>(
    `SELECT seq, envelope_id, sender_account_id, sender_device_id, kind, ciphertext, accepted_at, found
       FROM (SELECT *, row_number() OVER (ORDER BY seq) AS place, count(*) OVER () AS found,
                    sum(octet_length(ciphertext)) OVER (ORDER BY seq) AS running
               FROM (SELECT * FROM envelopes
                      WHERE account_id = $1 AND device_id = $2 AND seq > $3 AND accepted_at >= $6
                      ORDER BY seq LIMIT $4::int + 1) AS oldest) AS counted
      WHERE place = 1 OR (place <= $4::int AND running <= $5)
      ORDER BY seq`,
    [device.accountId, device.deviceId, afterSeq, limit.maxEnvelopes, limit.maxBytes, acceptedFromMs],
  );
  return { envelopes: rows.map(storedEnvelope), more: rows.length < (rows[0]?.found ?? 0) };
}

/**
 * Deletes envelopes by id. Rows that another transaction is deleting are left to it, so that no two
 * wait for one another.
 */
export async function deleteEnvelopes(
  source: Queryable,
  doomed: readonly { readonly device: DeviceAddress; readonly id: EnvelopeId }[],
): Promise<void> {
  const devices = doomed.map(({ device }) => device);
  await source.query(
    `DELETE FROM envelopes WHERE ctid = ANY(ARRAY(
       SELECT e.ctid FROM envelopes e
         JOIN unnest($1::uuid[], $2::int[], $3::uuid[]) AS doomed (account_id, device_id, envelope_id)
           ON (e.account_id, e.device_id, e.envelope_id)
            = (doomed.account_id, doomed.device_id, doomed.envelope_id)
         FOR UPDATE OF e SKIP LOCKED))`,
    [accountIds(devices), deviceIds(devices), uuidArray(doomed.map(({ id }) => id))],
  );
}

/** Deletes up to `maxRows` rows accepted before a time. @returns how many */
export async function deleteExpired(
  source: Queryable,
  table: 'envelopes' | 'attempts',
  acceptedBeforeMs: number,
  maxRows: number,
): Promise<number> {
  const rows = await source.query(
    `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM ${table} WHERE accepted_at < $1 ORDER BY accepted_at LIMIT $2
         FOR UPDATE SKIP LOCKED)) RETURNING accepted_at`,
    [acceptedBeforeMs, maxRows],
  );
  return rows.length;
}
