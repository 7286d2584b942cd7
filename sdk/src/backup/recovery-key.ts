/**
 * Recovery keys: 128 random bits as a text for paper (docs/backup-format.md). Knows no archive.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base32crockford } from '@scure/base';
import { concatBytes, equalBytes, utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';
import type { Random } from '../ports/host.js';
import { Secret } from '../secret.js';

const keyBytes = 16;
/** One text in four thousand million with errors in it is taken for another key. */
const checkBytes = 4;
const digitCount = ((keyBytes + checkBytes) * 8) / 5;
const label = utf8('sotto recovery key v1\0');
/** A key has 39 characters with its dashes; the rest is room for stray spaces. */
const maxTextLength = 256;

/**
 * Draws a recovery key: eight groups of four letters and digits, to be written down. The last characters are a
 * checksum, so that a slip of the pen is noticed.
 * @param random - a secure one
 */
export function createRecoveryKey(random: Random): string {
  const key = random.bytes(keyBytes);
  const text = base32crockford.encode(concatBytes(key, checksum(key)));
  key.fill(0);
  return (text.match(/.{4}/g) ?? []).join('-');
}

/**
 * Reads a recovery key as people write it: case, spaces and dashes, and the look-alikes I, L (for 1) and O (for
 * 0) are forgiven.
 * @returns 16 bytes, wiped by the caller
 * @throws SottoError `invalid-recovery-key`
 * @throws TypeError when it is not a text
 */
export function parseRecoveryKey(text: string): Secret {
  if (typeof text !== 'string') throw new TypeError('a recovery key is a text');
  if (text.length > maxTextLength) throw new SottoError('invalid-recovery-key');
  const digits = text
    .replace(/[\s\-\u2010-\u2015\u2212]/g, '')
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  if (digits.length !== digitCount || !/^[0-9A-HJKMNP-TV-Z]+$/.test(digits)) {
    throw new SottoError('invalid-recovery-key');
  }
  const bytes = base32crockford.decode(digits);
  const key = bytes.slice(0, keyBytes);
  if (!equalBytes(checksum(key), bytes.slice(keyBytes))) throw new SottoError('invalid-recovery-key');
  bytes.fill(0);
  return new Secret(key);
}

/** SHA-256 over label and key, its first four bytes. */
function checksum(key: Uint8Array): Uint8Array {
  return sha256(concatBytes(label, key)).slice(0, checkBytes);
}
