/**
 * Contact links: who somebody is, with the whole identity key, as one text for links and QR codes
 * (docs/protocol/contact-code.md). Everything is in the fragment, which no program sends to a server.
 * Knows no relay and no contact list: nothing is checked beyond the form.
 */
import { SottoError } from '../errors.js';
import { fromBase64Url, toBase64Url, username as usernameSchema, type Username } from '../wire/index.js';
import { assertBytes, assertObject, assertString } from './checks.js';

/** What a contact link says. */
export interface ContactLink {
  /** Such as `https://relay.example`: scheme, host, and port where it is not the scheme's own. */
  readonly relayOrigin: string;
  readonly username: Username;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
}

/** The version this code writes, and the only one it reads. */
const version = '1';
/** Where a link leads unless a page is given: an address that operating systems hand to the application. */
const schemeAddress = 'sotto:contact';

/** Where a page may lie, and its path; links stay short enough for a QR code that a phone reads. */
const maxPageLength = 128;
/** Page, relay (a DNS name has 253 characters at most, percent-encoded with its scheme), name and key. */
const maxLinkLength = 512;

/** What stands before the `=` of the first field says what a code is for. */
const contactTag = 'sotto-contact';
const deviceLinkTag = 'sotto-device';

const fragmentPattern =
  /^sotto-contact=1&relay=([A-Za-z0-9%.-]{1,280})&username=([a-z0-9_]{3,32})&key=([A-Za-z0-9_-]{44})$/;

/**
 * Writes a contact link.
 * @param link - `identityKey` is 33 bytes, `relayOrigin` an `http:` or `https:` origin
 * @param page - where the link leads: an `https:` address (or `http:`, for tests on the own machine) of at
 * most 128 characters without query and fragment. Without it the link begins with `sotto:contact`, which is
 * what a QR code carries
 * @throws SottoError `invalid-contact-link` when a part is not what it should be
 * @throws TypeError when a part is of another type
 */
export function formatContactLink(
  link: { readonly relayOrigin: string; readonly username: string; readonly identityKey: Uint8Array },
  page: string = schemeAddress,
): string {
  assertObject(link, 'link');
  assertString(page, 'page');
  const { relayOrigin, username, identityKey } = link;
  assertString(relayOrigin, 'relayOrigin');
  assertString(username, 'username');
  assertBytes(identityKey, 'identityKey');
  const good = isOrigin(relayOrigin) && isAddress(page) && isKey(identityKey);
  if (!good || !usernameSchema.safeParse(username).success) throw new SottoError('invalid-contact-link');
  const relay = encodeURIComponent(relayOrigin);
  const key = toBase64Url(identityKey);
  const text = `${page}#${contactTag}=${version}&relay=${relay}&username=${username}&key=${key}`;
  if (text.length > maxLinkLength) throw new SottoError('invalid-contact-link');
  return text;
}

/**
 * Reads a contact link, from whatever page it leads to, or from a QR code. There is one spelling of what a
 * link says; no other is read.
 * @throws SottoError `invalid-contact-link`; `contact-link-version` for a link of a version this code does not
 * know; `link-code-outside-linking` for a code that links a device, which no scanner of contacts may take
 * @throws TypeError when `text` is not a string
 */
export function parseContactLink(text: string): ContactLink {
  assertString(text, 'text');
  if (text.length > maxLinkLength) throw new SottoError('invalid-contact-link');
  const split = text.indexOf('#');
  const fragment = text.slice(split + 1);
  if (split < 1) throw new SottoError('invalid-contact-link');
  assertContactKind(fragment);
  const [, relay = '', username = '', key = ''] = fragmentPattern.exec(fragment) ?? [];
  const link = { relayOrigin: decoded(relay), username: username as Username, identityKey: keyOf(key) };
  // What is written differently than it would be written is not a link.
  if (formatContactLink(link, text.slice(0, split)) !== text) throw new SottoError('invalid-contact-link');
  return link;
}

/** @throws SottoError unless the fragment is one of a contact link of this version */
function assertContactKind(fragment: string): void {
  const [, tag, value = ''] = /^([a-z-]*)=([^&]*)/.exec(fragment) ?? [];
  if (tag === deviceLinkTag) throw new SottoError('link-code-outside-linking');
  if (tag !== contactTag || !/^[1-9][0-9]{0,3}$/.test(value)) throw new SottoError('invalid-contact-link');
  if (value !== version) throw new SottoError('contact-link-version');
}

/** Percent-decoded; what cannot be is no origin either. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function keyOf(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    return new Uint8Array(0);
  }
}

function isOrigin(text: string): boolean {
  const url = parsed(text);
  return url?.origin === text;
}

/** Exactly as the platform would spell it, so that one link has one spelling. */
function isAddress(text: string): boolean {
  if (text === schemeAddress) return true;
  const url = text.length <= maxPageLength ? parsed(text) : undefined;
  return url?.href === text && url.username + url.password + url.search === '' && !/[?#]/.test(text);
}

function parsed(text: string): URL | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function isKey(bytes: Uint8Array): boolean {
  return bytes.length === 33 && bytes[0] === 0x05;
}
