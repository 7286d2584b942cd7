/**
 * Introduction and delivery tokens: `kind ‖ expiry ‖ HMAC(relay key, kind ‖ expiry ‖ asker ‖ target)`,
 * base64url. Nothing is stored: who may reach whom is in nobody's database. Knows no account.
 */
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { fromBase64Url, toBase64Url, type AccountId } from '@sotto/sdk/wire';
import { ProblemError, type Now, type ReachTokens } from '../ports.js';
import { relayLimits } from '../relay-limits.js';

const kinds = { introduction: 1, delivery: 2 } as const;
const expiryBytes = 6;
const headerBytes = 1 + expiryBytes;
const macBytes = 32;

function decode(token: string): Buffer {
  try {
    return Buffer.from(fromBase64Url(token));
  } catch {
    return Buffer.alloc(0);
  }
}

/** @param key - 32 bytes */
export function createReachTokens(key: KeyObject, now: Now): ReachTokens {
  const macOf = (header: Buffer, asker: AccountId, target: AccountId) =>
    createHmac('sha256', key).update(header).update(asker).update(target).digest();

  const issue = (kind: number, ttlMs: number, asker: AccountId, target: AccountId) => {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(kind);
    header.writeUIntBE(now() + ttlMs, 1, expiryBytes);
    return toBase64Url(Buffer.concat([header, macOf(header, asker, target)]));
  };

  const isValid = (token: string, asker: AccountId, target: AccountId) => {
    const bytes = decode(token);
    if (bytes.length !== headerBytes + macBytes) return false;
    const header = bytes.subarray(0, headerBytes);
    if (!timingSafeEqual(macOf(header, asker, target), bytes.subarray(headerBytes))) return false;
    return header.readUIntBE(1, expiryBytes) > now();
  };

  return {
    issueIntroduction: async (asker, target) =>
      issue(kinds.introduction, relayLimits.introductionTtlMs, asker, target),
    issueDelivery: async (asker, target) => issue(kinds.delivery, relayLimits.deliveryTtlMs, asker, target),
    async verify(token, asker, target) {
      if (!isValid(token, asker, target)) throw new ProblemError('introduction-required');
    },
  };
}
