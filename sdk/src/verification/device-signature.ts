/** Strict Ed25519 verification of what device auth keys sign. Knows nothing of what is signed. */
import { SottoError } from '../errors.js';
import { assertBytes } from './checks.js';
import { ed25519KeyPoint, isEd25519Signature } from './ed25519.js';

/**
 * Verifies an Ed25519 signature by a device auth key, strictly (RFC 8032): canonical encodings,
 * `s` below the group order, no small-order key.
 * @param authKey - 32 bytes
 * @param message - any length
 * @param signature - 64 bytes
 * @throws SottoError `invalid-key` when the key is not 32 bytes, not a canonically encoded point or of
 * small order; `invalid-signature` when the signature does not verify
 * @throws TypeError when an argument is not a `Uint8Array`
 */
export function verifyDeviceSignature(authKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  assertBytes(authKey, 'authKey');
  assertBytes(message, 'message');
  assertBytes(signature, 'signature');
  const point = authKey.length === 32 ? ed25519KeyPoint(authKey) : undefined;
  if (!point) throw new SottoError('invalid-key');
  if (signature.length !== 64 || !isEd25519Signature({ bytes: authKey, point }, message, signature)) {
    throw new SottoError('invalid-signature');
  }
}
