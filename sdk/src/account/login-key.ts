/**
 * From password to login key. The password never leaves the device; the relay gets the login key
 * and stores a hash of it. Knows no transport.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { platformScrypt } from '../platform-scrypt.js';
import { Secret } from '../secret.js';
import type { Username } from '../wire/index.js';

/** Cost of the password hash; part of the scheme `scrypt-hkdf-v1`. */
const scryptCost = { N: 2 ** 15, r: 8, p: 1, dkLen: 32 } as const;

/**
 * `HKDF(scrypt(NFKC(password), "sotto-login-v1" ‖ 0 ‖ relay id ‖ 0 ‖ username), "sotto login v1")`.
 * @returns 32 bytes, wiped by the caller
 * @throws SottoError `weak-password` for fewer than 8 or more than 1,024 characters
 */
export async function deriveLoginKey(input: {
  readonly password: string;
  readonly relayId: string;
  readonly username: Username;
}): Promise<Secret> {
  const { password, relayId, username } = input;
  const length = [...password].length;
  if (length < limits.minPasswordLength || length > limits.maxPasswordLength) {
    throw new SottoError('weak-password');
  }
  const salt = utf8(`sotto-login-v1\0${relayId}\0${username}`);
  const root = await platformScrypt(utf8(password.normalize('NFKC')), salt, scryptCost);
  const loginKey = hkdf(sha256, root, undefined, utf8('sotto login v1'), 32);
  root.fill(0);
  return new Secret(loginKey);
}
