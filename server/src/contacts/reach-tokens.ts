/**
 * Introduction and delivery tokens: `kind ‖ expiry ‖ HMAC(relay key, kind ‖ expiry ‖ asker ‖ target)`,
 * base64url. Nothing is stored: who may reach whom is in nobody's database. Tokens that were checked are
 * remembered in memory, up to a bound, because a sender shows the same one with every message. Knows no
 * account.
 */
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { fromBase64Url, toBase64Url, type AccountId } from '@sotto/sdk/wire';
import { ProblemError, type Now, type ReachTokens } from '../ports.js';
import { relayLimits } from '../relay-limits.js';

const kinds = { introduction: 1, delivery: 2 } as const;
const expiryBytes = 6;
const headerBytes = 1 + expiryBytes;
const macBytes = 32;

/** What a good token says, and for whom. */
interface Grant {
  readonly kind: number;
  readonly expiresAt: number;
  readonly asker: AccountId;
  readonly target: AccountId;
}

function decode(token: string): Buffer {
  try {
    return Buffer.from(fromBase64Url(token));
  } catch {
    return Buffer.alloc(0);
  }
}

/** Tokens whose MAC was found good, oldest first. */
class CheckedTokens {
  readonly #grants = new Map<string, Grant>();

  find(token: string): Grant | undefined {
    return this.#grants.get(token);
  }

  add(token: string, grant: Grant): Grant {
    const oldest =
      this.#grants.size < relayLimits.maxCheckedReachTokens ? undefined : this.#grants.keys().next();
    if (oldest?.value !== undefined) this.#grants.delete(oldest.value);
    this.#grants.set(token, grant);
    return grant;
  }
}

/** @param key - 32 bytes */
export function createReachTokens(key: KeyObject, now: Now): ReachTokens {
  const checked = new CheckedTokens();
  const macOf = (header: Buffer, asker: AccountId, target: AccountId) =>
    createHmac('sha256', key).update(header).update(asker).update(target).digest();

  const issue = (kind: number, ttlMs: number, asker: AccountId, target: AccountId) => {
    const header = Buffer.alloc(headerBytes);
    const expiresAt = now() + ttlMs;
    header.writeUInt8(kind);
    header.writeUIntBE(expiresAt, 1, expiryBytes);
    return toBase64Url(Buffer.concat([header, macOf(header, asker, target)]));
  };

  const check = (token: string, asker: AccountId, target: AccountId): Grant | undefined => {
    const bytes = decode(token);
    if (bytes.length !== headerBytes + macBytes) return undefined;
    const header = bytes.subarray(0, headerBytes);
    if (!timingSafeEqual(macOf(header, asker, target), bytes.subarray(headerBytes))) return undefined;
    const expiresAt = header.readUIntBE(1, expiryBytes);
    return checked.add(token, { kind: header.readUInt8(0), expiresAt, asker, target });
  };

  /** The token's grant, when it is good for this pair and has not expired. */
  const grantOf = (token: string, asker: AccountId, target: AccountId): Grant | undefined => {
    const grant = checked.find(token) ?? check(token, asker, target);
    const fits = grant?.asker === asker && grant.target === target && grant.expiresAt > now();
    return fits ? grant : undefined;
  };

  const issueDelivery = (asker: AccountId, target: AccountId) =>
    issue(kinds.delivery, relayLimits.deliveryTtlMs, asker, target);

  return {
    issueIntroduction: async (asker, target) =>
      issue(kinds.introduction, relayLimits.introductionTtlMs, asker, target),
    issueDelivery: async (asker, target) => issueDelivery(asker, target),
    renewDelivery(token, asker, target) {
      const grant = grantOf(token, asker, target);
      const young = now() + relayLimits.deliveryTtlMs - relayLimits.deliveryRenewalMs;
      return grant?.kind === kinds.delivery && grant.expiresAt > young ? token : issueDelivery(asker, target);
    },
    verify(token, asker, target) {
      if (grantOf(token, asker, target) === undefined) throw new ProblemError('introduction-required');
    },
  };
}
