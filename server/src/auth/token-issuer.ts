/** Token pairs for devices: opens families and writes down their tokens. Knows no password and no signature. */
import { randomUUID } from 'node:crypto';
import type { DeviceAddress, TokenPair } from '@sotto/sdk/wire';
import { ProblemError, type Now } from '../ports.js';
import { relayLimits } from '../relay-limits.js';
import type { AccessTokens } from './access-tokens.js';
import type { AuthStore } from './auth-store.js';
import { hashToken, type RefreshTokens } from './refresh-tokens.js';

/** What issuing rests on. */
export interface TokenIssuerParts {
  readonly store: AuthStore;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly now: Now;
}

/** See the file's header. */
export interface TokenIssuer {
  /** Opens a family for a device. @throws ProblemError `unauthorized` when the device is gone */
  openFamily(device: DeviceAddress): Promise<TokenPair>;
  /** The pair of a token that the store has already. */
  pair(
    device: DeviceAddress,
    token: { familyId: string; number: number; expiresAt: number },
  ): Promise<TokenPair>;
}

/** See {@link TokenIssuer}. */
export function createTokenIssuer({
  store,
  accessTokens,
  refreshTokens,
  now,
}: TokenIssuerParts): TokenIssuer {
  const pair: TokenIssuer['pair'] = async (device, { familyId, number, expiresAt }) => ({
    accessToken: await accessTokens.issue(device, familyId),
    accessExpiresInMs: relayLimits.accessTokenTtlMs,
    refreshToken: refreshTokens.derive({ familyId, number }),
    refreshExpiresInMs: Math.max(expiresAt - now(), 1),
  });
  return {
    pair,
    async openFamily(device) {
      const familyId = randomUUID();
      const expiresAt = now() + relayLimits.refreshTtlMs;
      const tokenHash = hashToken(refreshTokens.derive({ familyId, number: 0 }));
      const maxFamilies = relayLimits.maxFamiliesPerDevice;
      if (!(await store.addFamily({ familyId, device, tokenHash, expiresAt, maxFamilies }))) {
        throw new ProblemError('unauthorized');
      }
      return pair(device, { familyId, number: 0, expiresAt });
    },
  };
}
