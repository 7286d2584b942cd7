/**
 * Logging in: the login key and a signature by the device. An unknown name, an unknown device and a
 * wrong key cost the same work and get the same answer. Knows no HTTP and no SQL.
 */
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import type { RequestOf, TokenPair } from '@sotto/sdk/wire';
import { ProblemError } from '../ports.js';
import { ed25519KeyFromSeed } from '../secrets.js';
import type { AuthStore } from './auth-store.js';
import type { LoginKeys } from './login-keys.js';
import type { Nonces } from './nonces.js';
import { isProofOf } from './request-proofs.js';
import type { TokenIssuer } from './token-issuer.js';

/** What stands in for a record that does not exist. */
export interface LoginDecoy {
  readonly loginKeyHash: string;
  /** 32 bytes. */
  readonly authKey: Uint8Array;
}

/** What logging in rests on. */
export interface LoginServiceParts {
  readonly store: AuthStore;
  readonly loginKeys: LoginKeys;
  readonly nonces: Nonces;
  readonly tokens: TokenIssuer;
  readonly decoy: LoginDecoy;
}

/** See the file's header. */
export interface LoginService {
  /**
   * @throws ProblemError `proof-refused` for the nonce, `device-replaced` for a device that was one until another
   * took its place and has all else right, `login-refused` for all else
   */
  login(request: RequestOf<'auth.login'>, encodedBody: Readonly<Record<string, unknown>>): Promise<TokenPair>;
}

/**
 * Makes the decoy: a real hash and a real key that nobody has.
 * @param key - 32 bytes
 */
export async function createLoginDecoy(key: KeyObject, loginKeys: LoginKeys): Promise<LoginDecoy> {
  const derive = (label: string) => createHmac('sha256', key).update(label).digest();
  const { x } = createPublicKey(ed25519KeyFromSeed(derive('auth key'))).export({ format: 'jwk' });
  const authKey = new Uint8Array(Buffer.from(x as string, 'base64url'));
  return { loginKeyHash: await loginKeys.hash(derive('login key')), authKey };
}

/** See {@link LoginService}. */
export function createLoginService({
  store,
  loginKeys,
  nonces,
  tokens,
  decoy,
}: LoginServiceParts): LoginService {
  return {
    async login(request, encodedBody) {
      const { username, loginKey, deviceId, proof } = request;
      await nonces.take(proof.nonce);
      const record = await store.findLogin(username, deviceId);
      // Both checks run whatever is known, on the decoy where there is nothing else.
      const keyMatches = await loginKeys.matches(record?.loginKeyHash ?? decoy.loginKeyHash, loginKey);
      const input = { operation: 'auth.login', encodedBody, proof };
      const authKey = record?.authKey ?? record?.retiredAuthKey;
      const signed = isProofOf(authKey ?? decoy.authKey, input);
      if (!record || !authKey || !keyMatches || !signed) throw new ProblemError('login-refused');
      if (!record.authKey) throw new ProblemError('device-replaced');
      return tokens.openFamily({ accountId: record.accountId, deviceId });
    },
  };
}
