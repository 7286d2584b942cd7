/**
 * What was sent to which device lately, by the hash of its ciphertext: a device that could not decrypt one
 * can name it, and nobody else who has not seen it. Holds places of messages, not their words: what was
 * deleted meanwhile is not sent again. Knows no session.
 */
import * as z from 'zod/mini';
import { sha256 } from '@noble/hashes/sha2.js';
import { limits } from '../limits.js';
import { defineRecord, type Unit, type Writer } from '../unit/index.js';
import { timestampMs, toBase64Url, wireLimits, type DeviceAddress, type DeviceId } from '../wire/index.js';
import type { Moment } from './moment.js';
import type { Attempt, OutboxEntry } from './outbox.js';

const prefix = 'send-log/';
const sentSchema = z.strictObject({
  messageSeq: z.int().check(z.minimum(1)),
  sentAt: timestampMs,
  /** By the relay's clock. */
  acceptedAt: z.optional(timestampMs),
});
type Sent = z.output<typeof sentSchema>;
const record = defineRecord(1, sentSchema);

function keyOf({ accountId, deviceId }: DeviceAddress, ciphertextHash: string): string {
  return `${prefix}${accountId}/${deviceId}/${ciphertextHash}`;
}

/** How a ciphertext is named: SHA-256 in base64url. */
export function hashOf(ciphertext: Uint8Array): string {
  return toBase64Url(sha256(ciphertext));
}

/** Stages that an attempt was accepted, for each device it went to that has not asked for its message already. */
export function logSent(
  unit: Unit,
  { recipient: accountId, resentTo = [] }: Pick<OutboxEntry, 'recipient' | 'resentTo'>,
  { bodies }: Attempt,
  sent: Sent,
): void {
  for (const { deviceId, ciphertext } of bodies) {
    if (resentTo.includes(deviceId)) continue;
    unit.write(keyOf({ accountId, deviceId }, hashOf(ciphertext)), record, sent);
  }
}

/**
 * Takes a ciphertext out of the log: it is asked for once. By the device it went to, or by one of the same
 * account where that one is gone: what waited for it is another's now.
 * @param asking - the device, and all that its account has
 * @returns the place of its message, or nothing when it never was in the log, or too long ago
 */
export async function takeSent(
  unit: Unit,
  { device, listed }: { readonly device: DeviceAddress; readonly listed: readonly DeviceId[] },
  ciphertextHash: string,
  askedAt: Moment,
): Promise<number | undefined> {
  const keys = [device.deviceId, ...goneFrom(listed)].map((deviceId) =>
    keyOf({ accountId: device.accountId, deviceId }, ciphertextHash),
  );
  const found = (await unit.getMany(keys)).findIndex((value) => value !== undefined);
  const key = keys[found];
  const sent = key && (await unit.read(key, record));
  if (!sent) return undefined;
  unit.delete(key);
  return isOver(sent, askedAt) ? undefined : sent.messageSeq;
}

/** Whether a device is asking for a ciphertext of an attempt, which may not be in the log yet. */
export function isInAttempt(
  { bodies }: Attempt,
  { deviceId }: Pick<DeviceAddress, 'deviceId'>,
  ciphertextHash: string,
): boolean {
  return bodies.some((body) => body.deviceId === deviceId && hashOf(body.ciphertext) === ciphertextHash);
}

/** Every device id that is no device's now. */
function goneFrom(listed: readonly DeviceId[]): DeviceId[] {
  const ids = Array.from({ length: wireLimits.maxDevicesPerAccount }, (_, index) => (index + 1) as DeviceId);
  return ids.filter((deviceId) => !listed.includes(deviceId));
}

/** Lets what is too old go, with some later commit. */
export async function sweepSendLog(writer: Writer, at: Moment): Promise<void> {
  for await (const { key, value } of writer.list(prefix)) {
    if (isOver(record.decode(value), at)) writer.deleteLazily(key);
  }
}

/** The relay's clock counts; by its own, the device lets nothing stay for longer than a clock is set wrong. */
function isOver({ sentAt, acceptedAt = sentAt }: Sent, { now, relayNow }: Moment): boolean {
  return (
    relayNow - acceptedAt >= limits.sendLogTtlMs || Math.abs(now - sentAt) >= limits.sendLogMaxClockErrorMs
  );
}
