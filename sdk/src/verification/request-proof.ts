/** Verification of request proofs by device auth and identity keys, and of refresh signatures. Knows no nonce store and no token store. */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  identityProofBytes,
  proofBodyBytes,
  refreshProofBytes,
  requestProofBytes,
  type RequestProof,
} from '../wire/index.js';
import { assertBytes, assertObject, assertString } from './checks.js';
import { verifyDeviceSignature } from './device-signature.js';
import { verifySignature } from './xeddsa.js';

/** A request whose proof is to be made or checked. */
export interface ProvenRequest {
  /** The operation's name, such as `keys.upload`. */
  readonly operation: string;
  /** The body as JSON on the wire (bytes as base64url). A `proof` member is left out by itself. */
  readonly encodedBody: Readonly<Record<string, unknown>>;
}

/**
 * SHA-256 over the canonical spelling of a body without its `proof`.
 * @param encodedBody - the body as JSON on the wire (bytes as base64url)
 * @returns 32 bytes
 * @throws TypeError when the body has no canonical spelling
 */
export function requestBodyHash(encodedBody: Readonly<Record<string, unknown>>): Uint8Array {
  assertObject(encodedBody, 'encodedBody');
  return sha256(proofBodyBytes(encodedBody));
}

/**
 * The bytes a device auth key signs to prove a request.
 * @param nonce - the relay's nonce, 32 bytes
 * @throws TypeError when the body has no canonical spelling
 */
export function requestProofMessage(request: ProvenRequest, nonce: Uint8Array): Uint8Array {
  assertObject(request, 'request');
  assertString(request.operation, 'operation');
  assertBytes(nonce, 'nonce');
  return requestProofBytes(request.operation, requestBodyHash(request.encodedBody), nonce);
}

/**
 * Verifies the signature of a request proof. Whether its nonce is known and unused is the relay's to check.
 * @param request - `authKey` is the device's, 32 bytes
 * @throws SottoError `invalid-key`, `invalid-signature`
 * @throws TypeError when a member has the wrong type or the body no canonical spelling
 */
export function verifyRequestProof(
  request: ProvenRequest & { readonly proof: RequestProof; readonly authKey: Uint8Array },
): void {
  assertObject(request, 'request');
  assertObject(request.proof, 'proof');
  const message = requestProofMessage(request, request.proof.nonce);
  verifyDeviceSignature(request.authKey, message, request.proof.signature);
}

/**
 * Verifies the signature of a request proof that an identity key made.
 * @param request - `identityKey` is 33 bytes
 * @throws SottoError `invalid-key`, `invalid-signature`
 * @throws TypeError when a member has the wrong type or the body no canonical spelling
 */
export function verifyIdentityProof(
  request: ProvenRequest & { readonly proof: RequestProof; readonly identityKey: Uint8Array },
): void {
  assertObject(request, 'request');
  assertObject(request.proof, 'proof');
  const { operation, encodedBody, proof } = request;
  assertString(operation, 'operation');
  assertBytes(proof.nonce, 'nonce');
  const message = identityProofBytes(operation, requestBodyHash(encodedBody), proof.nonce);
  verifySignature(request.identityKey, message, proof.signature);
}

/**
 * Verifies the signature of a refresh request.
 * @param request - `requestId` is 16 bytes, `signature` 64, `authKey` 32
 * @throws SottoError `invalid-key`, `invalid-signature`
 * @throws TypeError when a member has the wrong type
 */
export function verifyRefreshSignature(request: {
  readonly refreshToken: string;
  readonly requestId: Uint8Array;
  readonly signature: Uint8Array;
  readonly authKey: Uint8Array;
}): void {
  assertObject(request, 'request');
  assertString(request.refreshToken, 'refreshToken');
  assertBytes(request.requestId, 'requestId');
  const message = refreshProofBytes(request.refreshToken, request.requestId);
  verifyDeviceSignature(request.authKey, message, request.signature);
}
