/** The bytes that request proofs and refresh signatures cover. Hashing is the caller's: wire has no cryptography. */
import { labelledBytes } from './account.js';
import { toBase64Url } from './bytes.js';
import { canonicalJson, type CanonicalValue } from './canonical-json.js';

/**
 * The canonical spelling of a request body without its `proof`: what `bodyHash` is the SHA-256 of.
 * @param encoded - the body as JSON on the wire (bytes as base64url)
 */
export function proofBodyBytes(encoded: Readonly<Record<string, unknown>>): Uint8Array {
  const { proof: _, ...body } = encoded;
  return new TextEncoder().encode(canonicalJson(body as CanonicalValue));
}

/**
 * The bytes a request proof signs.
 * @param operation - the operation's name
 * @param bodyHash - SHA-256 over {@link proofBodyBytes}, 32 bytes
 * @param nonce - the relay's nonce, 32 bytes
 */
export function requestProofBytes(operation: string, bodyHash: Uint8Array, nonce: Uint8Array): Uint8Array {
  return labelledBytes(
    'sotto-request-v1',
    canonicalJson({ operation, bodyHash: toBase64Url(bodyHash), nonce: toBase64Url(nonce) }),
  );
}

/**
 * The bytes an identity key signs to prove a request: for what is asked by whoever kept the identity, and has
 * no device any more.
 * @param operation - the operation's name
 * @param bodyHash - SHA-256 over {@link proofBodyBytes}, 32 bytes
 * @param nonce - the relay's nonce, 32 bytes
 */
export function identityProofBytes(operation: string, bodyHash: Uint8Array, nonce: Uint8Array): Uint8Array {
  return labelledBytes(
    'sotto-identity-request-v1',
    canonicalJson({ operation, bodyHash: toBase64Url(bodyHash), nonce: toBase64Url(nonce) }),
  );
}

/**
 * The bytes a refresh request's signature covers.
 * @param requestId - 16 bytes
 */
export function refreshProofBytes(refreshToken: string, requestId: Uint8Array): Uint8Array {
  return labelledBytes(
    'sotto-refresh-v1',
    canonicalJson({ refreshToken, requestId: toBase64Url(requestId) }),
  );
}
