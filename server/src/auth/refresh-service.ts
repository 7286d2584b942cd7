/**
 * Rotation of refresh tokens. Each token is spent once; a reply that got lost is repeated to the same
 * signed request; any other use of a spent token ends the family, because two hold it. Knows no HTTP
 * and no SQL.
 */
import { createHash } from 'node:crypto';
import { refreshProofBytes, type RequestOf, type TokenPair } from '@sotto/sdk/wire';
import { isSottoError, verifyRefreshSignature } from '@sotto/sdk/verification';
import { ProblemError, type AccessClaims, type ConnectedDevices, type Now } from '../ports.js';
import { relayLimits } from '../relay-limits.js';
import type { AuthStore, RefreshFamily } from './auth-store.js';
import { hashToken, type RefreshTokenParts, type RefreshTokens } from './refresh-tokens.js';
import type { TokenIssuer } from './token-issuer.js';

type RefreshRequest = RequestOf<'auth.refresh'>;

/** What rotation rests on. */
export interface RefreshServiceParts {
  readonly store: AuthStore;
  readonly refreshTokens: RefreshTokens;
  readonly tokens: TokenIssuer;
  readonly connected: ConnectedDevices;
  readonly now: Now;
}

/** See the file's header. */
export interface RefreshService {
  /** @throws ProblemError `refresh-refused`; `device-replaced` for a device that another took the place of */
  refresh(request: RefreshRequest): Promise<TokenPair>;
  /** Ends the family of an access token and the device's connection. */
  logout(claims: AccessClaims): Promise<void>;
}

/**
 * Two requests are the same when token and request id are, and both are signed: not every signer
 * gives the same signature twice.
 */
function hashRequest({ refreshToken, requestId }: RefreshRequest): Uint8Array {
  return new Uint8Array(createHash('sha256').update(refreshProofBytes(refreshToken, requestId)).digest());
}

function isSignedBy(authKey: Uint8Array, { refreshToken, requestId, signature }: RefreshRequest): boolean {
  try {
    verifyRefreshSignature({ refreshToken, requestId, signature, authKey });
    return true;
  } catch (error) {
    if (isSottoError(error, 'invalid-signature') || isSottoError(error, 'invalid-key')) return false;
    throw error;
  }
}

function isRepetition(family: RefreshFamily, spent: number, request: RefreshRequest): boolean {
  const { number, requestHash, authKey } = family;
  if (spent !== number - 1 || requestHash === undefined) return false;
  return Buffer.compare(requestHash, hashRequest(request)) === 0 && isSignedBy(authKey, request);
}

/** See {@link RefreshService}. */
export function createRefreshService(parts: RefreshServiceParts): RefreshService {
  const { store, tokens, connected, now } = parts;

  async function findOpen(familyId: string): Promise<RefreshFamily> {
    const family = await store.findFamily(familyId);
    if (family === undefined || family.expiresAt <= now()) throw new ProblemError('refresh-refused');
    return family;
  }

  /** The device itself hears why; whoever else holds the token hears what everybody does. */
  async function refuseRetired(familyId: string, request: RefreshRequest): Promise<void> {
    const authKey = await store.findRetiredFamily(familyId);
    if (authKey && isSignedBy(authKey, request)) throw new ProblemError('device-replaced');
  }

  async function answerSpent(token: RefreshTokenParts, request: RefreshRequest): Promise<TokenPair> {
    const family = await findOpen(token.familyId);
    const { number, expiresAt, device } = family;
    if (isRepetition(family, token.number, request)) {
      return tokens.pair(device, { familyId: token.familyId, number, expiresAt });
    }
    await store.removeFamily(token.familyId);
    connected.signOut(device);
    throw new ProblemError('refresh-refused');
  }

  async function spend(token: RefreshTokenParts, request: RefreshRequest): Promise<number | undefined> {
    const successor = { familyId: token.familyId, number: token.number + 1 };
    const expiresAt = now() + relayLimits.refreshTtlMs;
    const advanced = await store.advanceFamily({
      familyId: token.familyId,
      tokenHash: hashToken(request.refreshToken),
      nextTokenHash: hashToken(parts.refreshTokens.derive(successor)),
      requestHash: hashRequest(request),
      expiresAt,
      now: now(),
    });
    return advanced ? expiresAt : undefined;
  }

  return {
    async refresh(request) {
      const token = parts.refreshTokens.parse(request.refreshToken);
      if (token === undefined) throw new ProblemError('refresh-refused');
      await refuseRetired(token.familyId, request);
      const family = await findOpen(token.familyId);
      if (token.number !== family.number) return answerSpent(token, request);
      // Whoever holds the newest token but not the device's key changes nothing.
      if (!isSignedBy(family.authKey, request)) throw new ProblemError('refresh-refused');
      const expiresAt = await spend(token, request);
      if (expiresAt === undefined) return answerSpent(token, request);
      return tokens.pair(family.device, { familyId: token.familyId, number: token.number + 1, expiresAt });
    },
    async logout({ accountId, deviceId, familyId }) {
      await store.removeFamily(familyId);
      connected.signOut({ accountId, deviceId });
    },
  };
}
