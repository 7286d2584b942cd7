/** The outbox: what still has to reach the relay, as records. Sending them is the sender's. */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { defineRecord, type Unit } from '../unit/index.js';
import {
  accountId,
  ciphertextKind,
  deviceId,
  jsonBytes,
  registrationId,
  timestampMs,
  wireLimits,
  type AccountId,
  type DeviceId,
} from '../wire/index.js';

const storedBytes = jsonBytes({ min: 1, max: wireLimits.maxCiphertextBytes });

/** An attempt: the very bytes that go out, again and again under one id until the relay has answered. */
const attemptSchema = z.strictObject({
  attemptId: jsonBytes({ min: 16, max: 16 }),
  bodies: z.array(
    z.strictObject({ deviceId, registrationId, kind: ciphertextKind, ciphertext: storedBytes }),
  ),
});
/** See the header. */
export type Attempt = z.output<typeof attemptSchema>;

const outboxEntrySchema = z.strictObject({
  seq: z.int().check(z.minimum(1)),
  recipient: accountId,
  /** Padded content, for devices the attempt has no ciphertext for yet. */
  content: storedBytes,
  /** The row whose status follows; receipts have none. */
  messageSeq: z.nullable(z.int().check(z.minimum(1))),
  createdAt: timestampMs,
  /** By the relay's clock; absent until it is known. */
  relayCreatedAt: z.optional(timestampMs),
  /** Since when the own clock counts anew, where it was set while this waited: see `outbox-age.ts`. */
  recountedAt: z.optional(timestampMs),
  /** Null until there is a session with every device. */
  attempt: z.nullable(attemptSchema),
  /** Devices that have asked for its message again, and so cannot once more. */
  resentTo: z.optional(z.array(deviceId)),
});
/** Something to send to one account. */
export type OutboxEntry = z.output<typeof outboxEntrySchema>;

export const outboxRecord = defineRecord(1, outboxEntrySchema);
export const outboxPrefix = 'outbox/';
const headKey = 'outbox-head';
const headRecord = defineRecord(
  1,
  z.strictObject({ nextSeq: z.int().check(z.minimum(1)), count: z.int().check(z.minimum(0)) }),
);

/** Per recipient, the last entry that was left to be encrypted when its turn comes. */
const unencryptedRecord = defineRecord(1, z.strictObject({ seq: z.int().check(z.minimum(1)) }));

function unencryptedKey(recipient: AccountId): string {
  return `outbox-unencrypted/${recipient}`;
}

/** Where an entry lies. */
export function outboxKey(seq: number): string {
  return outboxPrefix + String(seq);
}

/** Everything that waits, staged changes included; in no order. */
export async function outboxEntries(unit: Unit): Promise<OutboxEntry[]> {
  return (await unit.list(outboxPrefix)).map(({ value }) => outboxRecord.decode(value));
}

/** Stages a new entry at the end. @throws SottoError `limit-exceeded` while 10,000 wait */
export async function appendOutbox(unit: Unit, entry: Omit<OutboxEntry, 'seq'>): Promise<OutboxEntry> {
  const head = (await unit.read(headKey, headRecord)) ?? { nextSeq: 1, count: 0 };
  if (head.count >= limits.maxOutboxEntries) {
    throw new SottoError('limit-exceeded', { details: { limit: 'maxOutboxEntries' } });
  }
  const row: OutboxEntry = { ...entry, seq: head.nextSeq };
  unit.write(headKey, headRecord, { nextSeq: row.seq + 1, count: head.count + 1 });
  writeOutbox(unit, row);
  return row;
}

/** Stages a changed entry. */
export function writeOutbox(unit: Unit, entry: OutboxEntry): void {
  unit.write(outboxKey(entry.seq), outboxRecord, entry);
}

/** Stages that a device was answered which had asked for the message of an entry. */
export function noteResent(unit: Unit, entry: OutboxEntry, device: DeviceId): void {
  writeOutbox(unit, { ...entry, resentTo: [...(entry.resentTo ?? []), device] });
}

/**
 * Whether something for a recipient waits to be encrypted. What comes after it has to wait too: encrypted now, it would
 * lie here while the session goes on with what goes out before it, until its receiver has forgotten its chain.
 */
export async function hasUnencrypted(unit: Unit, recipient: AccountId): Promise<boolean> {
  const last = await unit.read(unencryptedKey(recipient), unencryptedRecord);
  if (!last) return false;
  const entry = await unit.read(outboxKey(last.seq), outboxRecord);
  if (entry?.attempt === null) return true;
  unit.delete(unencryptedKey(recipient));
  return false;
}

/** Stages that an entry is encrypted when its turn comes, and so is all that comes after it for its recipient. */
export function leaveUnencrypted(
  unit: Unit,
  { recipient, seq }: Pick<OutboxEntry, 'recipient' | 'seq'>,
): void {
  unit.write(unencryptedKey(recipient), unencryptedRecord, { seq });
}

/** Stages that what was encrypted is encrypted again when its turn comes. */
export async function withdrawAttempts(unit: Unit): Promise<void> {
  const entries = await outboxEntries(unit);
  for (const entry of entries.sort((earlier, later) => earlier.seq - later.seq)) {
    if (entry.attempt) writeOutbox(unit, { ...entry, attempt: null });
    leaveUnencrypted(unit, entry);
  }
}

/** Stages the removal of an entry. */
export async function removeOutbox(unit: Unit, seq: number): Promise<void> {
  if (!(await unit.get(outboxKey(seq)))) return;
  const head = await unit.read(headKey, headRecord);
  if (head) unit.write(headKey, headRecord, { ...head, count: Math.max(0, head.count - 1) });
  unit.delete(outboxKey(seq));
}
