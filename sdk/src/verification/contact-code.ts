/**
 * Contact codes: a username and a short commitment to an identity key behind a memory-hard hash
 * (docs/protocol/contact-code.md). Knows no relay and no contact list.
 */
import { base32crockford } from '@scure/base';
import { concatBytes, equalBytes, utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';
import { username as usernameSchema, type Username } from '../wire/index.js';
import { assertBytes, assertString } from './checks.js';

/** What scrypt is asked for. */
export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** Bytes wanted. */
  readonly dkLen: number;
}

/** A scrypt (RFC 7914), so that a host's native one can replace the portable one. */
export type Scrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  parameters: ScryptParameters,
) => Promise<Uint8Array>;

/** How far a code of a length can be trusted: 40, 60 or 80 bits behind the hash. */
export type ContactCodeStrength = 'weak' | 'standard' | 'strong';

/** A contact code taken apart. */
export interface ContactCode {
  readonly username: Username;
  /** Crockford base32 in upper case without separators: 8, 12 or 16 characters. */
  readonly digits: string;
  /** By length: 8 is `weak`, 12 is `standard`, 16 is `strong`. */
  readonly strength: ContactCodeStrength;
}

/** 32 MiB and about 80 ms of one core a guess: what makes grinding a key that fits a code expensive. */
const cost = { N: 2 ** 15, r: 8, p: 1, dkLen: 10 } as const satisfies ScryptParameters;
const label = utf8('sotto contact code v1\0');
const derivedLength = 16;
const groupLength = 4;

/** A code has 53 characters at most; the rest is room for stray spaces. */
const maxTextLength = 128;

const strengthByLength: Readonly<Record<number, ContactCodeStrength>> = {
  8: 'weak',
  12: 'standard',
  16: 'strong',
};

/** Loaded when it is first asked for: where a host's own replaces it, nobody carries it. */
const portableScrypt: Scrypt = async (password, salt, parameters) => {
  const { scryptAsync } = await import('@noble/hashes/scrypt.js');
  return scryptAsync(password, salt, parameters);
};

/**
 * Derives the code of an identity key under a username. Takes about 80 ms natively and a multiple of
 * that with the portable scrypt, which yields to the event loop meanwhile.
 * @param input - `identityKey` is 33 bytes; `username` is as the wire has it
 * @param scrypt - replaces the portable one; must give the same bytes
 * @returns all 16 characters, Crockford base32 in upper case without separators
 * @throws SottoError `invalid-key` when the key is not 33 bytes with the type byte; `invalid-username`
 */
export async function deriveContactCode(
  input: { readonly identityKey: Uint8Array; readonly username: string },
  scrypt: Scrypt = portableScrypt,
): Promise<string> {
  const { identityKey, username } = input;
  assertBytes(identityKey, 'identityKey');
  assertString(username, 'username');
  if (identityKey.length !== 33 || identityKey[0] !== 0x05) throw new SottoError('invalid-key');
  if (!usernameSchema.safeParse(username).success) throw new SottoError('invalid-username');
  const hash = await scrypt(identityKey, concatBytes(label, utf8(username)), cost);
  return base32crockford.encode(hash);
}

/**
 * Reads a code as people write it: `@` optional; case, spaces and dashes between the characters, and the
 * look-alikes I, L (for 1) and O (for 0) forgiven; nothing else.
 * @throws SottoError `invalid-contact-code`
 * @throws TypeError when `text` is not a string
 */
export function parseContactCode(text: string): ContactCode {
  assertString(text, 'text');
  if (text.length > maxTextLength) throw new SottoError('invalid-contact-code');
  const parts = text.trim().split('#');
  const [name, code] = parts;
  if (parts.length !== 2 || name === undefined || code === undefined)
    throw new SottoError('invalid-contact-code');
  const username = usernameSchema.safeParse(lowerAscii(name.trim().replace(/^@/, '')));
  const digits = normalDigits(code);
  const strength = strengthByLength[digits.length];
  if (!username.success || strength === undefined) throw new SottoError('invalid-contact-code');
  return { username: username.data, digits, strength };
}

/**
 * Writes a code as `@name#XXXX-XXXX-XXXX`.
 * @param code - `digits` as {@link deriveContactCode} or {@link parseContactCode} give them
 * @param length - how many characters to show at most: 12 unless said otherwise
 * @throws SottoError `invalid-contact-code` when the parts are not those of a code
 */
export function formatContactCode(
  code: { readonly username: string; readonly digits: string },
  length: 8 | 12 | 16 = 12,
): string {
  assertString(code.username, 'username');
  assertDigits(code.digits);
  if (!usernameSchema.safeParse(code.username).success) throw new SottoError('invalid-contact-code');
  const shown = code.digits.slice(0, length);
  const groups = shown.match(/.{4}/g) ?? [];
  return `@${code.username}#${groups.join('-')}`;
}

/**
 * Compares a derived code with the characters somebody gave, in time that depends on their number alone.
 * @param derived - all 16 characters, from {@link deriveContactCode}
 * @param digits - 8, 12 or 16 characters, from {@link parseContactCode} or the wire
 * @throws SottoError `statement-mismatch` when they differ; `invalid-contact-code` when either is not a code's
 */
export function matchContactCode(derived: string, digits: string): void {
  assertDigits(derived);
  assertDigits(digits);
  if (derived.length !== derivedLength) throw new SottoError('invalid-contact-code');
  if (!equalBytes(utf8(derived.slice(0, digits.length)), utf8(digits))) {
    throw new SottoError('statement-mismatch');
  }
}

/** Upper case, separators gone, look-alikes replaced; an empty text when anything else is inside. */
function normalDigits(text: string): string {
  const digits = upperAscii(text.replace(/[\s\-\u2010-\u2015\u2212]/g, ''))
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return isDigits(digits) ? digits : '';
}

function isDigits(text: string): boolean {
  return (
    text.length % groupLength === 0 && text.length in strengthByLength && /^[0-9A-HJKMNP-TV-Z]+$/.test(text)
  );
}

function assertDigits(digits: string): void {
  assertString(digits, 'digits');
  if (!isDigits(digits)) throw new SottoError('invalid-contact-code');
}

// ASCII alone: full Unicode folding would turn other letters into ASCII ones (the Kelvin sign into k).
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}
