/**
 * Requests to the relay in the name of the own account: attaches and renews tokens and signs what
 * must be signed. Knows no feature and no stream.
 */
import * as z from 'zod/mini';
import { SottoError, isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { Transport } from '../ports/transport.js';
import type { Secret } from '../secret.js';
import type { Writer } from '../unit/index.js';
import { requestBodyHash } from '../verification/index.js';
import {
  httpOperations,
  refreshProofBytes,
  requestProofBytes,
  type HttpOperationName,
  type RequestOf,
  type RequestProof,
  type ResponseOf,
  type TokenPair,
} from '../wire/index.js';
import {
  credentialsKey,
  credentialsRecord,
  ownAccountKey,
  ownAccountRecord,
  type Credentials,
} from './account-record.js';
import { signWithDeviceAuthKey } from './device-auth-key.js';

/** Operations whose body must be signed by the device auth key. */
export type ProvenOperationName = 'accounts.delete' | 'keys.upload' | 'reset.object';

/** Why a device cannot go on asking: it has to log in, or another device has taken its place. */
export type LoginEnd = 'login-required' | 'device-replaced';

/** What the relay answers a refresh with where a login has ended. */
const loginEnds: { readonly [code: string]: LoginEnd | undefined } = {
  'refresh-refused': 'login-required',
  'device-replaced': 'device-replaced',
};

/** See the header. */
export class RelayClient {
  readonly #transport: Transport;
  readonly #writer: Writer;
  readonly #host: Host;
  readonly #onLoginEnded: (code: LoginEnd) => void;
  #refreshing: Promise<string> | undefined;
  /** The relay has refused this one for good: asking again would only cost both sides. */
  #dead: { readonly refreshToken: string; readonly code: LoginEnd } | undefined;

  constructor(parts: {
    transport: Transport;
    writer: Writer;
    host: Host;
    onLoginEnded: (code: LoginEnd) => void;
  }) {
    this.#transport = parts.transport;
    this.#writer = parts.writer;
    this.#host = parts.host;
    this.#onLoginEnded = parts.onLoginEnded;
  }

  /**
   * An access token that is good for a while.
   * @param refused - true when the relay refused the last one
   * @throws SottoError `not-registered`, `login-required`, `device-replaced`, or what the transport throws
   */
  async accessToken(refused = false): Promise<string> {
    const credentials = await this.#writer.read(credentialsKey, credentialsRecord);
    if (!credentials) throw new SottoError('not-registered');
    if (credentials.refreshToken === this.#dead?.refreshToken) throw new SottoError(this.#dead.code);
    const now = this.#host.clock.now();
    const fresh = now < credentials.accessExpiresAt - limits.accessTokenMarginMs;
    if (fresh && !refused) return credentials.accessToken;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** A request without a token. */
  anonymous<Name extends HttpOperationName>(
    operation: Name,
    input: RequestOf<Name>,
  ): Promise<ResponseOf<Name>> {
    return this.#transport.request(operation, input);
  }

  /** A request with the access token, renewed once if the relay refuses it. */
  async authorized<Name extends HttpOperationName>(
    operation: Name,
    input: RequestOf<Name>,
  ): Promise<ResponseOf<Name>> {
    try {
      return await this.#transport.request(operation, input, { accessToken: await this.accessToken() });
    } catch (error) {
      if (!isSottoError(error, 'unauthorized')) throw error;
      return this.#transport.request(operation, input, { accessToken: await this.accessToken(true) });
    }
  }

  /** A request with the access token and a signature over the body, under a nonce of the relay. */
  async proven<Name extends ProvenOperationName>(
    operation: Name,
    body: Omit<RequestOf<Name>, 'proof'>,
  ): Promise<ResponseOf<Name>> {
    const account = await this.#writer.read(ownAccountKey, ownAccountRecord);
    if (!account) throw new SottoError('not-registered');
    const proof = await this.makeProof(operation, body, account.deviceAuthSeed);
    return this.authorized(operation, { ...body, proof } as unknown as RequestOf<Name>);
  }

  /** Signs a request body under a fresh nonce. */
  async makeProof(
    operation: HttpOperationName,
    body: Readonly<Record<string, unknown>>,
    deviceAuthSeed: Secret,
  ): Promise<RequestProof> {
    const { nonce } = await this.anonymous('auth.nonce', {});
    const unsigned: RequestProof = { nonce, signature: new Uint8Array(64) };
    const encoded = z.encode(httpOperations[operation].request as z.ZodMiniType, {
      ...body,
      proof: unsigned,
    });
    const bodyHash = requestBodyHash(encoded as Record<string, unknown>);
    const signature = signWithDeviceAuthKey(deviceAuthSeed, requestProofBytes(operation, bodyHash, nonce));
    return { nonce, signature };
  }

  /** The stored form of a token pair. */
  credentialsFrom(tokens: TokenPair): Credentials {
    return {
      accessToken: tokens.accessToken,
      accessExpiresAt: this.#host.clock.now() + tokens.accessExpiresInMs,
      refreshToken: tokens.refreshToken,
      refreshRequestId: null,
    };
  }

  /** Keeps new tokens. */
  async storeTokens(tokens: TokenPair): Promise<void> {
    await this.#writer.run(async (unit) => {
      unit.write(credentialsKey, credentialsRecord, this.credentialsFrom(tokens));
    });
  }

  async #refresh(): Promise<string> {
    const request = await this.#prepareRefresh();
    try {
      const tokens = await this.#transport.request('auth.refresh', request);
      await this.storeTokens(tokens);
      return tokens.accessToken;
    } catch (error) {
      const code = isSottoError(error) ? loginEnds[error.code] : undefined;
      if (!code) throw error;
      this.#dead = { refreshToken: request.refreshToken, code };
      this.#onLoginEnded(code);
      throw new SottoError(code, { cause: error });
    }
  }

  #prepareRefresh(): Promise<RequestOf<'auth.refresh'>> {
    return this.#writer.run(async (unit) => {
      const account = await unit.read(ownAccountKey, ownAccountRecord);
      const credentials = await unit.read(credentialsKey, credentialsRecord);
      if (!account || !credentials) throw new SottoError('not-registered');
      const requestId =
        credentials.refreshRequestId ?? (this.#host.random.bytes(16) as Uint8Array<ArrayBuffer>);
      unit.write(credentialsKey, credentialsRecord, { ...credentials, refreshRequestId: requestId });
      const { refreshToken } = credentials;
      const message = refreshProofBytes(refreshToken, requestId);
      return { refreshToken, requestId, signature: signWithDeviceAuthKey(account.deviceAuthSeed, message) };
    });
  }
}
