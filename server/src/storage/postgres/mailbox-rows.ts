/**
 * The mailbox's values as rows and back. Each call takes and gives whole batches, so that a transaction
 * costs a handful of round trips however many sends it carries. Knows no SQL and no rule of the mailbox.
 */
import type { AccountId, DeviceAddress, DeviceId, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import type { AcceptPlan, DeviceProgress, KnownAttempt, LockedDevice } from '../../mailbox/accept-plan.js';
import { seqOf } from '../../mailbox/envelope-id.js';
import type { MailboxHead, MailboxPage, PageLimit, StoredEnvelope } from '../../mailbox/mailbox.js';
import type { Queryable, Row, Transaction } from '../../ports.js';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './arrays.js';
import * as statements from './mailbox-statements.js';

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
 * Locks every device of the accounts. `depth` is what was stored since the mailbox was counted, and what
 * it held then: it may be too high.
 */
export async function lockDevices(
  transaction: Queryable,
  accounts: readonly AccountId[],
): Promise<LockedDevice[]> {
  const rows = await transaction.query<DeviceRow>(statements.lockDevices, [uuidArray(accounts)]);
  return rows.map((row) => ({
    accountId: row.account_id,
    deviceId: row.device_id,
    registrationId: row.registration_id,
    lastSeq: row.last_envelope_seq,
    depth: row.last_envelope_seq - row.depth_base_seq,
  }));
}

/** How far the mailboxes of some accounts have come. */
export async function selectHeads(source: Queryable, accounts: readonly AccountId[]): Promise<MailboxHead[]> {
  const rows = await source.query<DeviceRow>(statements.selectHeads, [uuidArray(accounts)]);
  return rows.map((row) => ({
    device: { accountId: row.account_id, deviceId: row.device_id },
    seq: row.last_envelope_seq,
  }));
}

interface DepthRow extends Row {
  readonly depth: number;
}

/** How many envelopes wait for a device, exactly. */
export async function countEnvelopes(source: Queryable, device: DeviceAddress): Promise<number> {
  const address = [device.accountId, device.deviceId];
  return (await source.query<DepthRow>(statements.countEnvelopes, address))[0]?.depth ?? 0;
}

/** Counts a mailbox and remembers the count for {@link lockDevices}. The device is locked. */
export async function recountEnvelopes(transaction: Queryable, device: DeviceAddress): Promise<number> {
  const address = [device.accountId, device.deviceId];
  return (await transaction.query<DepthRow>(statements.recountEnvelopes, address))[0]?.depth ?? 0;
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
  readonly place: number;
  readonly content_hash: Uint8Array | null;
  readonly accepted_at: number;
}

/** Looks sends up; the usual answer is that nothing is known and nobody is a stranger. */
export async function findSends(source: Queryable, asked: readonly AskedAttempt[]): Promise<KnownSends> {
  const senders = asked.map(({ sender }) => sender);
  const attemptIds = byteaArray(asked.map(({ attemptId }) => attemptId));
  const parameters = [accountIds(senders), deviceIds(senders), attemptIds];
  const attempts: KnownAttempt[] = [];
  const strangers: DeviceAddress[] = [];
  for (const row of await source.query<KnownRow>(statements.findSends, parameters)) {
    const { sender, attemptId } = asked[row.place - 1] as AskedAttempt;
    const { content_hash: contentHash, accepted_at: acceptedAt } = row;
    if (contentHash === null) strangers.push(sender);
    else attempts.push({ sender, attemptId, contentHash, acceptedAt });
  }
  return { attempts, strangers };
}

function progressParameters(progress: readonly DeviceProgress[]): readonly Uint8Array[] {
  const devices = progress.map(({ device }) => device);
  return [accountIds(devices), deviceIds(devices), int8Array(progress.map(({ storeSeq }) => storeSeq))];
}

/** Keeps how far sending devices have come, together with the commit. */
export function keepSent(transaction: Transaction, progress: readonly DeviceProgress[]): void {
  transaction.atCommit(statements.keepSentAlone, progressParameters(progress));
}

/** Keeps how far acknowledging devices have come, where their envelopes are not here. */
export async function keepAcknowledged(
  source: Queryable,
  progress: readonly DeviceProgress[],
): Promise<void> {
  await source.query(statements.keepAcknowledgedAlone, progressParameters(progress));
}

/** Writes what was planned, together with the commit. The devices are locked. */
export function writeAccepted(transaction: Transaction, plan: AcceptPlan): void {
  const { advanced, envelopes, attempts } = plan;
  const moved = advanced.map(({ to }) => to);
  const to = envelopes.map((envelope) => envelope.to);
  const rows = envelopes.map(({ envelope }) => envelope);
  const from = rows.map(({ sender }) => sender);
  const senders = attempts.map(({ sender }) => sender);
  transaction.atCommit(statements.writeAccepted, [
    accountIds(moved),
    deviceIds(moved),
    int8Array(advanced.map(({ lastSeq }) => lastSeq)),
    accountIds(to),
    deviceIds(to),
    int8Array(envelopes.map(({ seq }) => seq)),
    uuidArray(rows.map(({ id }) => id)),
    accountIds(from),
    deviceIds(from),
    textArray(rows.map(({ kind }) => kind)),
    byteaArray(rows.map(({ ciphertext }) => ciphertext)),
    int8Array(rows.map(({ acceptedAt }) => acceptedAt)),
    accountIds(senders),
    deviceIds(senders),
    byteaArray(attempts.map(({ attemptId }) => attemptId)),
    byteaArray(attempts.map(({ contentHash }) => contentHash)),
    int8Array(attempts.map(({ acceptedAt }) => acceptedAt)),
    ...progressParameters(plan.progress),
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
  /** Of all rows that were looked at. */
  readonly found: number;
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

/** The oldest envelopes after a place. */
export async function selectPage(
  source: Queryable,
  device: DeviceAddress,
  { afterSeq, acceptedFromMs }: PageStart,
  { maxEnvelopes, maxBytes }: PageLimit,
): Promise<MailboxPage> {
  const parameters = [device.accountId, device.deviceId, afterSeq, maxEnvelopes, maxBytes, acceptedFromMs];
  const rows = await source.query<EnvelopeRow>(statements.selectPage, parameters);
  return { envelopes: rows.map(storedEnvelope), more: rows.length < (rows[0]?.found ?? 0) };
}

/** An envelope to delete. */
export interface DoomedEnvelope {
  readonly device: DeviceAddress;
  readonly id: EnvelopeId;
}

/**
 * Deletes envelopes by id, and keeps how far their devices have come. Those that are not there, and those
 * that are being deleted, are left alone.
 */
export async function deleteEnvelopes(
  source: Queryable,
  doomed: readonly DoomedEnvelope[],
  progress: readonly DeviceProgress[],
): Promise<void> {
  const devices = doomed.map(({ device }) => device);
  const ids = doomed.map(({ id }) => id);
  const places = int8Array(ids.map(seqOf));
  await source.query(statements.deleteEnvelopes, [
    accountIds(devices),
    deviceIds(devices),
    places,
    uuidArray(ids),
    ...progressParameters(progress),
  ]);
}

/** Deletes up to `maxRows` rows accepted before a time. @returns how many */
export async function deleteExpired(
  source: Queryable,
  table: 'envelopes' | 'attempts',
  acceptedBeforeMs: number,
  maxRows: number,
): Promise<number> {
  return (await source.query(statements.deleteExpiredFrom[table], [acceptedBeforeMs, maxRows])).length;
}
