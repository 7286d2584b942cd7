/**
 * The one table of what a client can ask of a relay. Transports, the relay's routes, the OpenAPI
 * document and the ledger are all read from it. Knows shapes, not behaviour.
 */
import * as z from 'zod/mini';
import { accountStatement, deviceManifest, signature } from './account.js';
import { jsonBytes } from './bytes.js';
import { resumeRequest, resumeResponse } from './continuity.js';
import { accountId, deviceId, timestampMs, username } from './ids.js';
import { accountBundle, preKeyStatus, preKeyUpload, preKeyUploadResult } from './keys.js';
import { wireLimits } from './limits.js';
import { acknowledgeRequest, reachToken, sendRequest, sendResponse } from './mailbox.js';
import type { ProblemCode } from './problem-catalogue.js';

/** What a caller must show: nothing, an access token, or an access token and a signature over the request. */
export type OperationAuthentication = 'none' | 'access-token' | 'access-token-and-proof';

/** Which row of the relay's limit table an operation counts against. */
export type LimitClass =
  | 'read'
  | 'register'
  | 'login'
  | 'recover'
  | 'token'
  | 'resolve'
  | 'key-upload'
  | 'bundle'
  | 'resume'
  | 'send'
  | 'acknowledge';

const token = z.string().check(z.minLength(1), z.maxLength(wireLimits.maxTokenLength));
const nothing = z.strictObject({});

/**
 * A signature over one request: `label ‖ 0 ‖ canonical JSON of {operation, bodyHash, nonce}`. The label is
 * `sotto-request-v1` under a device auth key and `sotto-identity-request-v1` under an identity key.
 */
export const requestProof = z.strictObject({ nonce: jsonBytes({ min: 32, max: 32 }), signature });
/** See {@link requestProof}. */
export type RequestProof = z.output<typeof requestProof>;

/** What a login or refresh answers. Times are the relay's. */
export const tokenPair = z.strictObject({
  accessToken: token,
  accessExpiresInMs: z.int().check(z.minimum(1)),
  refreshToken: token,
  refreshExpiresInMs: z.int().check(z.minimum(1)),
});
/** See {@link tokenPair}. */
export type TokenPair = z.output<typeof tokenPair>;

/** What a relay says about itself to anyone. */
export const relayInfo = z.strictObject({
  /** Salt of the login key; made once, when the relay's data folder is made. */
  relayId: z.string().check(z.regex(/^[0-9a-f-]{36}$/)),
  protocol: z.literal(1),
  /** How passwords become login keys here: `scrypt-hkdf-v1`. */
  authScheme: z.literal('scrypt-hkdf-v1'),
});
/** See {@link relayInfo}. */
export type RelayInfo = z.output<typeof relayInfo>;

/** 32 bytes derived from the password; the password itself never leaves the device. */
const loginKey = jsonBytes({ min: 32, max: 32 });

/** Crockford base32 in upper case without separators: 8, 12 or 16 characters. */
export const contactCodeDigits = z
  .string()
  .check(z.regex(/^[0-9A-HJKMNP-TV-Z]{8}(?:[0-9A-HJKMNP-TV-Z]{4}){0,2}$/));

/** The operations over HTTP. */
export const httpOperations = {
  'relay.info': {
    method: 'GET',
    path: '/v1/relay',
    authentication: 'none',
    limit: 'read',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: nothing,
    response: relayInfo,
  },
  'accounts.register': {
    method: 'POST',
    path: '/v1/accounts',
    authentication: 'none',
    limit: 'register',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['signature-refused', 'username-taken', 'account-id-taken'],
    request: z.strictObject({
      authScheme: z.literal('scrypt-hkdf-v1'),
      loginKey,
      statement: accountStatement,
      /** Version 1, with the registering device alone. */
      manifest: deviceManifest,
    }),
    response: tokenPair,
  },
  'accounts.delete': {
    method: 'POST',
    path: '/v1/accounts/delete',
    authentication: 'access-token-and-proof',
    limit: 'register',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: z.strictObject({ accountId, proof: requestProof }),
    response: nothing,
  },
  'accounts.state': {
    method: 'POST',
    path: '/v1/accounts/state',
    authentication: 'none',
    limit: 'recover',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['proof-refused'],
    /** The proof is the identity key's. */
    request: z.strictObject({ accountId, proof: requestProof }),
    response: z.strictObject({
      statement: accountStatement,
      manifest: deviceManifest,
      relayTime: timestampMs,
    }),
  },
  'accounts.replace-device': {
    method: 'POST',
    path: '/v1/accounts/replace-device',
    authentication: 'none',
    limit: 'recover',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['proof-refused', 'signature-refused', 'manifest-conflict', 'device-id-taken'],
    request: z.strictObject({
      /** The device that goes. What waits for it becomes the new one's. */
      replaces: deviceId,
      /** The one that comes. */
      deviceId,
      /** The next version: without that device, and with one that was not there. */
      manifest: deviceManifest,
      /** The identity key's. */
      proof: requestProof,
    }),
    /** The new device's. */
    response: tokenPair,
  },
  'reset.request': {
    method: 'POST',
    path: '/v1/reset',
    authentication: 'none',
    limit: 'login',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['login-refused', 'reset-objected'],
    request: z.strictObject({ username, loginKey }),
    /** How long the account’s devices may still object; 0 when it may be completed. */
    response: z.strictObject({ accountId, waitMs: z.int().check(z.minimum(0)) }),
  },
  'reset.complete': {
    method: 'POST',
    path: '/v1/reset/complete',
    authentication: 'none',
    limit: 'login',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [
      'login-refused',
      'proof-refused',
      'signature-refused',
      'reset-waiting',
      'reset-objected',
      'device-id-taken',
    ],
    request: z.strictObject({
      username,
      loginKey,
      /** Of the same account, by the new identity. */
      statement: accountStatement,
      /** Version 1, with the new device alone. */
      manifest: deviceManifest,
      /** The new identity key's. */
      proof: requestProof,
    }),
    response: tokenPair,
  },
  'reset.status': {
    method: 'GET',
    path: '/v1/reset',
    authentication: 'access-token',
    limit: 'read',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: nothing,
    response: z.strictObject({
      pending: z.nullable(z.strictObject({ requestedAt: timestampMs, completesAt: timestampMs })),
    }),
  },
  'reset.object': {
    method: 'POST',
    path: '/v1/reset/object',
    authentication: 'access-token-and-proof',
    limit: 'register',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: z.strictObject({ proof: requestProof }),
    response: nothing,
  },
  'auth.nonce': {
    method: 'POST',
    path: '/v1/auth/nonce',
    authentication: 'none',
    limit: 'token',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: nothing,
    response: z.strictObject({ nonce: jsonBytes({ min: 32, max: 32 }) }),
  },
  'auth.login': {
    method: 'POST',
    path: '/v1/auth/login',
    authentication: 'none',
    limit: 'login',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['login-refused', 'proof-refused', 'device-replaced'],
    request: z.strictObject({ username, loginKey, deviceId, proof: requestProof }),
    response: tokenPair,
  },
  'auth.refresh': {
    method: 'POST',
    path: '/v1/auth/refresh',
    authentication: 'none',
    limit: 'token',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['refresh-refused', 'device-replaced'],
    request: z.strictObject({
      refreshToken: token,
      /** 16 random bytes, kept by the client until it has the answer, so that a lost reply is repeated by the same request. */
      requestId: jsonBytes({ min: 16, max: 16 }),
      /** By the device auth key over `sotto-refresh-v1 ‖ 0 ‖ canonical JSON of {refreshToken, requestId}`. */
      signature,
    }),
    response: tokenPair,
  },
  'auth.logout': {
    method: 'POST',
    path: '/v1/auth/logout',
    authentication: 'access-token',
    limit: 'token',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: nothing,
    response: nothing,
  },
  'contacts.resolve': {
    method: 'POST',
    path: '/v1/contacts/resolve',
    authentication: 'access-token',
    limit: 'resolve',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['not-found'],
    request: z.strictObject({ username, code: contactCodeDigits }),
    response: z.strictObject({
      statement: accountStatement,
      manifest: deviceManifest,
      introductionToken: reachToken,
    }),
  },
  'keys.upload': {
    method: 'POST',
    path: '/v1/keys',
    authentication: 'access-token-and-proof',
    limit: 'key-upload',
    maxRequestBytes: wireLimits.maxKeyUploadBytes,
    problems: [],
    request: z.strictObject({ keys: preKeyUpload, proof: requestProof }),
    response: z.strictObject({
      results: z.array(preKeyUploadResult).check(z.maxLength(2 * wireLimits.maxPreKeysPerUpload + 2)),
      status: preKeyStatus,
    }),
  },
  'keys.status': {
    method: 'GET',
    path: '/v1/keys',
    authentication: 'access-token',
    limit: 'read',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: [],
    request: nothing,
    response: preKeyStatus,
  },
  'keys.bundle': {
    method: 'POST',
    path: '/v1/keys/bundle',
    authentication: 'access-token',
    limit: 'bundle',
    maxRequestBytes: wireLimits.maxRequestBytes,
    problems: ['introduction-required', 'keys-missing'],
    request: z.strictObject({
      accountId,
      reachToken,
      /** Whose bundles; an empty list asks for the statement and manifest alone and uses up no key. */
      deviceIds: z.array(deviceId).check(z.maxLength(wireLimits.maxBodiesPerSend)),
    }),
    response: accountBundle,
  },
} as const satisfies Record<string, HttpOperation>;

/** The requests over the socket: event name, request and the response inside the reply. */
export const socketOperations = {
  resume: {
    authentication: 'access-token',
    limit: 'resume',
    problems: [],
    request: resumeRequest,
    response: resumeResponse,
  },
  send: {
    authentication: 'access-token',
    limit: 'send',
    problems: ['introduction-required', 'idempotency-conflict', 'mailbox-full'],
    request: sendRequest,
    response: sendResponse,
  },
  acknowledge: {
    authentication: 'access-token',
    limit: 'acknowledge',
    problems: [],
    request: acknowledgeRequest,
    response: nothing,
  },
} as const satisfies Record<string, SocketOperation>;

/** One row of {@link httpOperations}. */
export interface HttpOperation {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly authentication: OperationAuthentication;
  readonly limit: LimitClass;
  readonly maxRequestBytes: number;
  /** How it may be refused, besides what {@link problemsOf} adds for every operation of its kind. */
  readonly problems: readonly ProblemCode[];
  readonly request: z.core.$ZodType;
  readonly response: z.core.$ZodType;
}

/** One row of {@link socketOperations}. */
export interface SocketOperation {
  readonly authentication: 'access-token';
  readonly limit: LimitClass;
  /** As of an {@link HttpOperation}. */
  readonly problems: readonly ProblemCode[];
  readonly request: z.core.$ZodType;
  readonly response: z.core.$ZodType;
}

/** The name of an operation over HTTP. */
export type HttpOperationName = keyof typeof httpOperations;
/** What a client passes to an operation: bytes as `Uint8Array`. */
export type RequestOf<Name extends HttpOperationName> = z.output<(typeof httpOperations)[Name]['request']>;
/** What an operation answers. */
export type ResponseOf<Name extends HttpOperationName> = z.output<(typeof httpOperations)[Name]['response']>;
/** The name of a request over the socket. */
export type SocketOperationName = keyof typeof socketOperations;

/** Every way an operation may be refused: its own, and those of its kind. */
export function problemsOf(operation: HttpOperation | SocketOperation): readonly ProblemCode[] {
  const { authentication, problems } = operation;
  const overHttp = 'method' in operation;
  const codes: ProblemCode[] = [...problems];
  if (!overHttp || operation.method !== 'GET') codes.push('invalid-request');
  if (overHttp && operation.method !== 'GET') codes.push('payload-too-large');
  if (authentication !== 'none') codes.push('unauthorized');
  if (authentication === 'access-token-and-proof') codes.push('proof-refused');
  return [...codes, 'rate-limited', 'unavailable', 'internal-error'];
}
