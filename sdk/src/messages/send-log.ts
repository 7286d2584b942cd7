/**
 * What was sent to which device lately, by the hash of its ciphertext: a device that could not decrypt one
 * can name it, and nobody else who has not seen it. Holds places of messages, not their words: what was
 * deleted meanwhile is not sent again. Knows no session.
 */
import * as z from 'zod/mini';
import { sha256 } from '@noble/hashes/sha2.js';
import { limits } from '../limits.js';
import { defineRecord, type Unit, type Writer } from '../unit/index.js';
import { timestampMs, toBase64Url, type AccountId, type DeviceAddress } from '../wire/index.js';
import type { Attempt } from './outbox.js';

const prefix = 'send-log/';
const record = defineRecord(
  1,
  z.strictObject({ messageSeq: z.int().check(z.minimum(1)), sentAt: timestampMs }),
);

function keyOf({ accountId, deviceId }: DeviceAddress, ciphertextHash: string): string {
  return `${prefix}${accountId}/${deviceId}/${ciphertextHash}`;
}

/** How a ciphertext is named: SHA-256 in base64url. */
export function hashOf(ciphertext: Uint8Array): string {
  return toBase64Url(sha256(ciphertext));
}

/** Stages that an attempt was accepted, for each device it went to. */
export function logSent(
  unit: Unit,
  accountId: AccountId,
  { bodies }: Attempt,
  sent: { readonly messageSeq: number; readonly sentAt: number },
): void {
  for (const { deviceId, ciphertext } of bodies) {
    unit.write(keyOf({ accountId, deviceId }, hashOf(ciphertext)), record, sent);
  }
}

/**
 * Takes a ciphertext out of the log: it is asked for once.
 * @returns the place of its message, or nothing when it never was in the log, or too long ago
 */
export async function takeSent(
  unit: Unit,
  device: DeviceAddress,
  ciphertextHash: string,
  now: number,
): Promise<number | undefined> {
  const key = keyOf(device, ciphertextHash);
  const sent = await unit.read(key, record);
  if (!sent) return undefined;
  unit.delete(key);
  return isOver(sent.sentAt, now) ? undefined : sent.messageSeq;
}

/** Lets what is too old go, with some later commit. */
export async function sweepSendLog(writer: Writer, now: number): Promise<void> {
  for await (const { key, value } of writer.list(prefix)) {
    if (isOver(record.decode(value).sentAt, now)) writer.deleteLazily(key);
  }
}

/** A time of the future is a clock's that was wrong. */
function isOver(sentAt: number, now: number): boolean {
  return sentAt > now || now - sentAt >= limits.sendLogTtlMs;
}
