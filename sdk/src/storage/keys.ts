/**
 * The port's rules for keys, prefixes and values, for every adapter alike. Knows no medium.
 */
import { SottoError } from '../errors.js';

/** Longest key, in characters. Keys are ASCII, so in bytes as well; every known medium takes that. */
const maxStorageKeyLength = 512;
/** Largest value: far above any record of a messenger, small enough to hold twice in memory. */
const maxStorageValueBytes = 16 * 1024 * 1024;

const keyPattern = /^[A-Za-z0-9._~:-]+(?:\/[A-Za-z0-9._~:-]+)*$/;

/**
 * Checks a key: 1 to 512 characters of `A–Z a–z 0–9 . _ ~ - :` in segments separated by single `/`.
 * @throws SottoError `invalid-storage-key`
 * @throws TypeError when it is not a string
 */
export function assertStorageKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') throw new TypeError('a storage key is a string');
  // The length first: it bounds what the pattern has to look at.
  if (key.length > maxStorageKeyLength || !keyPattern.test(key)) throw new SottoError('invalid-storage-key');
}

/**
 * Checks a prefix: one or more whole segments ending in `/`, or the empty string.
 * @throws SottoError `invalid-storage-key`
 * @throws TypeError when it is not a string
 */
export function assertStoragePrefix(prefix: unknown): asserts prefix is string {
  if (typeof prefix !== 'string') throw new TypeError('a storage prefix is a string');
  if (prefix === '') return;
  if (!prefix.endsWith('/')) throw new SottoError('invalid-storage-key');
  assertStorageKey(prefix.slice(0, -1));
}

/**
 * Checks a value: a `Uint8Array` of at most 16 MiB, or `undefined` for a removal.
 * @throws TypeError
 */
export function assertStorageValue(value: unknown): asserts value is Uint8Array | undefined {
  if (value === undefined) return;
  if (!(value instanceof Uint8Array)) throw new TypeError('a storage value is a Uint8Array');
  if (value.length > maxStorageValueBytes) throw new TypeError('a storage value has at most 16 MiB');
}
