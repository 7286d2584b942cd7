/** Strict Ed25519 verification of what device auth keys sign. Knows nothing of what is signed. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { SottoError } from '../errors.js';
import { assertBytes } from './checks.js';

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
  assertAuthKey(authKey);
  if (signature.length !== 64) throw new SottoError('invalid-signature');
  if (!ed25519.verify(signature, message, authKey, { zip215: false })) {
    throw new SottoError('invalid-signature');
  }
}

function assertAuthKey(authKey: Uint8Array): void {
  let smallOrder = true;
  try {
    smallOrder = ed25519.Point.fromBytes(authKey).isSmallOrder();
  } catch {
    // Refused below, like a small-order key.
  }
  if (smallOrder) throw new SottoError('invalid-key');
}
