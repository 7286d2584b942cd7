/**
 * The statements of the mailbox. Each takes and gives whole batches, so that a transaction costs a
 * handful of round trips however many sends it carries. Knows no rule of the mailbox.
 */
import type { AccountId, DeviceAddress, DeviceId, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import type { KnownAttempt, LockedDevice, PlannedEnvelope } from '../../mailbox/accept-plan.js';
import type { MailboxPage, PageLimit, StoredEnvelope } from '../../mailbox/mailbox.js';
import type { Queryable, Row } from '../../ports.js';

const accountIds = (devices: readonly DeviceAddress[]) => devices.map(({ accountId }) => accountId);
const deviceIds = (devices: readonly DeviceAddress[]) => devices.map(({ deviceId }) => deviceId);

interface DeviceRow extends Row {
  readonly account_id: AccountId;
  readonly device_id: DeviceId;
  readonly registration_id: number;
  readonly last_envelope_seq: number;
  readonly oldest_seq: number | null;
}

/**
 * Locks every device of the accounts, always in the same order, so that two transactions never wait
 * for one another. `depth` is what lies between the oldest and the newest envelope, so it may be too
 * high; it is too low by no more than what other nodes stored while this one waited for the lock.
 */
export async function lockDevices(
  transaction: Queryable,
  accounts: readonly AccountId[],
): Promise<LockedDevice[]> {
  const rows = await transaction.query<DeviceRow>(
    `SELECT d.account_id, d.device_id, d.registration_id, d.last_envelope_seq,
            (SELECT min(e.seq) FROM envelopes e
              WHERE e.account_id = d.account_id AND e.device_id = d.device_id) AS oldest_seq
       FROM devices d WHERE d.account_id = ANY($1::uuid[])
      ORDER BY d.account_id, d.device_id FOR NO KEY UPDATE OF d`,
    [accounts],
  );
  return rows.map((row) => ({
    accountId: row.account_id,
    deviceId: row.device_id,
    registrationId: row.registration_id,
    lastSeq: row.last_envelope_seq,
    depth: row.oldest_seq === null ? 0 : row.last_envelope_seq - row.oldest_seq + 1,
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

interface AttemptRow extends Row {
  readonly sender_account_id: AccountId;
  readonly sender_device_id: DeviceId;
  readonly attempt_id: Uint8Array;
  readonly content_hash: Uint8Array;
  readonly accepted_at: number;
}

/** The attempts that were accepted before, among those asked for. */
export async function findAttempts(
  source: Queryable,
  asked: readonly { readonly sender: DeviceAddress; readonly attemptId: Uint8Array }[],
): Promise<KnownAttempt[]> {
  const senders = asked.map(({ sender }) => sender);
  const rows = await source.query<AttemptRow>(
    `SELECT a.* FROM attempts a
       JOIN unnest($1::uuid[], $2::int[], $3::bytea[]) AS asked (account_id, device_id, attempt_id)
         ON (a.sender_account_id, a.sender_device_id, a.attempt_id)
          = (asked.account_id, asked.device_id, asked.attempt_id)`,
    [accountIds(senders), deviceIds(senders), asked.map(({ attemptId }) => attemptId)],
  );
  return rows.map((row) => ({
    sender: { accountId: row.sender_account_id, deviceId: row.sender_device_id },
    attemptId: row.attempt_id,
    contentHash: row.content_hash,
    acceptedAt: row.accepted_at,
  }));
}

/** Those of the devices that exist. */
export async function existingDevices(
  source: Queryable,
  devices: readonly DeviceAddress[],
): Promise<DeviceAddress[]> {
  const rows = await source.query<{ account_id: AccountId; device_id: DeviceId }>(
    `SELECT DISTINCT d.account_id, d.device_id FROM devices d
       JOIN unnest($1::uuid[], $2::int[]) AS asked (account_id, device_id)
         ON (d.account_id, d.device_id) = (asked.account_id, asked.device_id)`,
    [accountIds(devices), deviceIds(devices)],
  );
  return rows.map((row) => ({ accountId: row.account_id, deviceId: row.device_id }));
}

/** Moves the devices' last `seq` forward. Their rows are locked. */
export async function advanceDevices(
  transaction: Queryable,
  advanced: readonly { readonly to: DeviceAddress; readonly lastSeq: number }[],
): Promise<void> {
  const devices = advanced.map(({ to }) => to);
  await transaction.query(
    `UPDATE devices d SET last_envelope_seq = moved.seq
       FROM unnest($1::uuid[], $2::int[], $3::int8[]) AS moved (account_id, device_id, seq)
      WHERE (d.account_id, d.device_id) = (moved.account_id, moved.device_id)`,
    [accountIds(devices), deviceIds(devices), advanced.map(({ lastSeq }) => lastSeq)],
  );
}

/** Stores envelopes. */
export async function insertEnvelopes(
  transaction: Queryable,
  envelopes: readonly PlannedEnvelope[],
): Promise<void> {
  const to = envelopes.map((envelope) => envelope.to);
  const from = envelopes.map((envelope) => envelope.from);
  await transaction.query(
    `INSERT INTO envelopes (account_id, device_id, seq, envelope_id, sender_account_id,
                            sender_device_id, kind, ciphertext, accepted_at)
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::int8[], $4::uuid[], $5::uuid[],
                          $6::int[], $7::text[], $8::bytea[], $9::int8[])`,
    [
      accountIds(to),
      deviceIds(to),
      envelopes.map(({ seq }) => seq),
      envelopes.map(({ envelopeId }) => envelopeId),
      accountIds(from),
      deviceIds(from),
      envelopes.map(({ kind }) => kind),
      envelopes.map(({ ciphertext }) => ciphertext),
      envelopes.map(({ acceptedAt }) => acceptedAt),
    ],
  );
}

/** Remembers accepted attempts. */
export async function insertAttempts(
  transaction: Queryable,
  attempts: readonly KnownAttempt[],
): Promise<void> {
  const senders = attempts.map(({ sender }) => sender);
  await transaction.query(
    `INSERT INTO attempts (sender_account_id, sender_device_id, attempt_id, content_hash, accepted_at)
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::bytea[], $4::bytea[], $5::int8[])`,
    [
      accountIds(senders),
      deviceIds(senders),
      attempts.map(({ attemptId }) => attemptId),
      attempts.map(({ contentHash }) => contentHash),
      attempts.map(({ acceptedAt }) => acceptedAt),
    ],
  );
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
    [accountIds(devices), deviceIds(devices), doomed.map(({ id }) => id)],
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
