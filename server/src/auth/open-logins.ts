/**
 * Access tokens as a live connection needs them checked. An access token cannot be taken back and
 * lasts minutes, which is fine for a request; a connection lasts much longer than its token, so it
 * must not begin once the family behind the token has ended. Knows no socket.
 */
import { ProblemError, type AccessTokenVerifier, type Now } from '../ports.js';
import type { AuthStore } from './auth-store.js';

/** A verifier that also refuses tokens whose family of refresh tokens was revoked, spent twice or has expired. */
export function createConnectionTokens(
  accessTokens: AccessTokenVerifier,
  store: Pick<AuthStore, 'findFamily'>,
  now: Now,
): AccessTokenVerifier {
  return {
    async verify(accessToken) {
      const claims = await accessTokens.verify(accessToken);
      const family = await store.findFamily(claims.familyId);
      if (family === undefined || family.expiresAt <= now()) throw new ProblemError('unauthorized');
      return claims;
    },
  };
}
