/** Bytes and keys at the border to libsignal. Knows no record and no session. */
import { PublicKey } from '@signalapp/libsignal-client';
import { SottoError } from '../../errors.js';
import { translated, type Operation } from './errors.js';

/** Bytes as libsignal takes them: over a plain `ArrayBuffer`. Copied only where they are shared memory. */
export function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('expected a Uint8Array');
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}

/**
 * A public key of exactly 33 bytes. libsignal itself would drop what follows them, and two spellings of
 * one key must not reach a pin.
 */
export function publicKeyFrom(operation: Operation, bytes: Uint8Array): PublicKey {
  const plain = plainBytes(bytes);
  if (plain.length !== 33) throw wrongLength(operation);
  return translated(operation, () => PublicKey.deserialize(plain));
}

function wrongLength(operation: Operation): SottoError {
  if (operation === 'start-session') return new SottoError('invalid-bundle');
  return new SottoError(operation === 'certificate' ? 'invalid-certificate' : 'invalid-key');
}
