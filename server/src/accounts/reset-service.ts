/**
 * Resets: everything is lost but the password, and the account gets a new identity. Devices that were in use
 * lately have a day to object. Contacts see another key, whatever happens here. Knows no HTTP and no SQL.
 */
import { isSottoError, verifyIdentityProof, verifyManifest, verifyStatement } from '@sotto/sdk/verification';
import {
  manifestBytes,
  type DeviceId,
  type RequestOf,
  type ResponseOf,
  type TokenPair,
} from '@sotto/sdk/wire';
import type { AuthStore, LoginRecord } from '../auth/auth-store.js';
import type { LoginKeys } from '../auth/login-keys.js';
import type { Nonces } from '../auth/nonces.js';
import type { TokenIssuer } from '../auth/token-issuer.js';
import { ProblemError, type AccessClaims, type ConnectedDevices, type Now } from '../ports.js';
import { dayOf, relayLimits } from '../relay-limits.js';
import type { AccountsStore } from './accounts-store.js';
import type { ContactCodes } from './contact-code.js';
import type { ResetStore } from './reset-store.js';

type Encoded = Readonly<Record<string, unknown>>;
type CompleteRequest = RequestOf<'reset.complete'>;

/** What resets rest on. */
export interface ResetServiceParts {
  readonly accounts: AccountsStore;
  readonly store: ResetStore;
  readonly auth: AuthStore;
  readonly loginKeys: LoginKeys;
  /** The hash that stands in for an account that does not exist. */
  readonly decoyHash: string;
  readonly contactCodes: ContactCodes;
  readonly nonces: Nonces;
  readonly tokens: TokenIssuer;
  readonly connected: ConnectedDevices;
  readonly now: Now;
}

/** See the file's header. */
export interface ResetService {
  /**
   * Asks for a reset, or how one that was asked for stands.
   * @throws ProblemError `login-refused`, `reset-objected`
   */
  request(request: RequestOf<'reset.request'>): Promise<ResponseOf<'reset.request'>>;
  /**
   * Puts the new identity in force. The very same again is answered again, because the reply may have been lost.
   * @throws ProblemError `login-refused`, `proof-refused`, `signature-refused`, `reset-waiting`, `reset-objected`,
   * `device-id-taken`
   */
  complete(request: CompleteRequest, encodedBody: Encoded): Promise<TokenPair>;
  status(claims: AccessClaims): Promise<ResponseOf<'reset.status'>>;
  /** A device objects. The request's proof has been checked. */
  object(claims: AccessClaims): Promise<void>;
}

function checkDocuments({ statement, manifest, proof }: CompleteRequest, encodedBody: Encoded): void {
  const { identityKey, accountId } = statement;
  try {
    verifyStatement(statement);
    verifyManifest(manifest, { identityKey, accountId });
  } catch (error) {
    if (isSottoError(error)) throw new ProblemError('signature-refused');
    throw error;
  }
  try {
    verifyIdentityProof({ operation: 'reset.complete', encodedBody, proof, identityKey });
  } catch (error) {
    if (isSottoError(error)) throw new ProblemError('proof-refused');
    throw error;
  }
}

/** See {@link ResetService}. */
export function createResetService(parts: ResetServiceParts): ResetService {
  const { accounts, store, auth, loginKeys, now } = parts;

  /** An unknown name costs the same work as a wrong password. */
  async function passed({ username, loginKey }: RequestOf<'reset.request'>): Promise<LoginRecord> {
    const record = await auth.findLogin(username, 1 as DeviceId);
    const matches = await loginKeys.matches(record?.loginKeyHash ?? parts.decoyHash, loginKey);
    if (!record || !matches) throw new ProblemError('login-refused');
    return record;
  }

  async function isDone({ statement, manifest }: CompleteRequest): Promise<boolean> {
    const account = await accounts.find(statement.accountId);
    if (!account) return false;
    const sameKey = Buffer.compare(account.statement.identityKey, statement.identityKey) === 0;
    return sameKey && Buffer.compare(manifestBytes(account.manifest), manifestBytes(manifest)) === 0;
  }

  async function carryOut({ statement, manifest }: CompleteRequest): Promise<void> {
    const today = dayOf(now());
    const outcome = await store.complete({
      ...{ statement, manifest, now: now(), today, contactCode: await parts.contactCodes(statement) },
      restingSince: today - relayLimits.deviceIdRestDays,
      overBefore: now() - relayLimits.resetValidMs,
    });
    if (outcome.kind === 'reset') return outcome.gone.forEach((device) => parts.connected.signOut(device));
    if (outcome.kind === 'objected') throw new ProblemError('reset-objected');
    throw new ProblemError(outcome.kind === 'waiting' ? 'reset-waiting' : 'device-id-taken');
  }

  return {
    async request(request) {
      const { accountId } = await passed(request);
      const requestedAt = now();
      const unusedSince = requestedAt + relayLimits.refreshTtlMs - relayLimits.resetUnusedMs;
      const inUse = await store.isInUse(accountId, unusedSince);
      const completesAt = requestedAt + (inUse ? relayLimits.resetObjectionMs : 0);
      const asked = { requestedAt, completesAt, objected: false };
      const reset = await store.ask(accountId, asked, requestedAt - relayLimits.resetValidMs);
      if (reset.objected) throw new ProblemError('reset-objected');
      return { accountId, waitMs: Math.max(reset.completesAt - requestedAt, 0) };
    },
    async complete(request, encodedBody) {
      const { accountId } = await passed(request);
      await parts.nonces.take(request.proof.nonce);
      checkDocuments(request, encodedBody);
      const { statement, manifest, username } = request;
      const [device, ...others] = manifest.devices;
      const fits = statement.accountId === accountId && statement.username === username;
      if (!fits || !device || others.length > 0 || manifest.version !== 1) {
        throw new ProblemError('signature-refused');
      }
      if (!(await isDone(request))) await carryOut(request);
      return parts.tokens.openFamily({ accountId, deviceId: device.deviceId });
    },
    async status({ accountId }) {
      const reset = await store.find(accountId);
      const over = reset && reset.completesAt < now() - relayLimits.resetValidMs;
      if (!reset || over || reset.objected) return { pending: null };
      const { requestedAt, completesAt } = reset;
      return { pending: { requestedAt, completesAt } };
    },
    object: ({ accountId }) => store.object(accountId),
  };
}
