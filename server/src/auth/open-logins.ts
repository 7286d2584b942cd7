/**
 * Access tokens of logins that are still open. A token alone says only that it was made and has not
 * expired; the family of refresh tokens behind it says whether the device has logged out since, or the
 * relay has ended the login. It is one look-up by primary key for each request over HTTP and each
 * handshake, so nothing is cached: a logout counts at once and on every node. Knows no HTTP and no socket.
 */
import { ProblemError, type AccessTokenVerifier, type Now } from '../ports.js';
import type { AuthStore } from './auth-store.js';

/** A verifier that also refuses tokens whose family of refresh tokens was revoked, spent twice or has expired. */
export function createOpenLogins(
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
