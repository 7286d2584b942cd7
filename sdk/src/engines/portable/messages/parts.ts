/** What the messages of the protocol have in common: version bytes, mandatory fields, keys. Knows no message. */
import { SottoError } from '../../../errors.js';
import { parsePublicKey, type PublicKey } from '../primitives/keys.js';

/**
 * The version of a message, the upper half of its first byte; the lower half is nobody's concern.
 * @throws SottoError `invalid-message` when it is none of those understood
 */
export function versionOf(bytes: Uint8Array, oldest: number, newest: number): number {
  const version = (bytes[0] ?? 0) >> 4;
  if (version < oldest || version > newest) throw new SottoError('invalid-message');
  return version;
}

/**
 * A field that must be there.
 * @throws SottoError `invalid-message` when it is not
 */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new SottoError('invalid-message');
  return value;
}

/**
 * A public key that came with a message.
 * @throws SottoError `invalid-message` when it is none
 */
export function messageKey<Role extends string>(bytes: Uint8Array): PublicKey<Role> {
  try {
    return parsePublicKey<Role>(bytes);
  } catch (cause) {
    throw new SottoError('invalid-message', { cause });
  }
}
