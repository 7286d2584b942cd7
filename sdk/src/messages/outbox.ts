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
  /** Null until there is a session with every device. */
  attempt: z.nullable(attemptSchema),
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

/** Stages the removal of an entry. */
export async function removeOutbox(unit: Unit, seq: number): Promise<void> {
  if (!(await unit.get(outboxKey(seq)))) return;
  const head = await unit.read(headKey, headRecord);
  if (head) unit.write(headKey, headRecord, { ...head, count: Math.max(0, head.count - 1) });
  unit.delete(outboxKey(seq));
}
