/** Access tokens: JWTs signed with EdDSA, for one device and one relay. Knows no store: whether the login still lasts is asked in `open-logins.ts`. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { accountId, deviceId, type DeviceAddress } from '@sotto/sdk/wire';
import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod/mini';
import { ProblemError, type AccessClaims, type AccessTokenVerifier, type Now } from '../ports.js';
import { relayLimits } from '../relay-limits.js';

/** Makes and checks access tokens. */
export interface AccessTokens extends AccessTokenVerifier {
  /** A token for ten minutes. */
  issue(device: DeviceAddress, familyId: string): Promise<string>;
}

/** Options of {@link createAccessTokens}. */
export interface AccessTokenOptions {
  /** An Ed25519 private key. */
  readonly key: KeyObject;
  /** Issuer and audience. */
  readonly relayId: string;
  readonly now: Now;
}

const tokenType = 'at+jwt';
const claimsSchema = z.object({
  sub: accountId,
  device: deviceId,
  family: z.uuid(),
  exp: z.int(),
});

async function verify(
  token: string,
  key: KeyObject,
  { relayId, now }: AccessTokenOptions,
): Promise<AccessClaims> {
  const { payload } = await jwtVerify(token, key, {
    algorithms: ['EdDSA'],
    typ: tokenType,
    issuer: relayId,
    audience: relayId,
    currentDate: new Date(now()),
    requiredClaims: ['exp'],
  });
  const { sub, device, family, exp } = claimsSchema.parse(payload);
  return { accountId: sub, deviceId: device, familyId: family, expiresAtMs: exp * 1000 };
}

/** See {@link AccessTokens}. */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const publicKey = createPublicKey(options.key);
  return {
    async issue({ accountId, deviceId }, familyId) {
      const issuedAt = Math.floor(options.now() / 1000);
      return new SignJWT({ device: deviceId, family: familyId })
        .setProtectedHeader({ alg: 'EdDSA', typ: tokenType })
        .setSubject(accountId)
        .setIssuer(options.relayId)
        .setAudience(options.relayId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + relayLimits.accessTokenTtlMs / 1000)
        .sign(options.key);
    },
    async verify(accessToken) {
      try {
        return await verify(accessToken, publicKey, options);
      } catch {
        // Why it was refused is nobody's business but the clock's and the attacker's.
        throw new ProblemError('unauthorized');
      }
    },
  };
}
