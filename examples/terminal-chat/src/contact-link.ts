/**
 * Contact links, the content of the QR code: `sotto:contact#v=1&relay=…&username=…&key=…`. Everything
 * is in the fragment, which no program sends to a server. Whoever has a link has the whole identity
 * key, where a contact code only has a commitment to it. Knows no contact list.
 */
import { fromBase64Url, toBase64Url } from '@sotto/sdk/wire';

/** What a link says. Nothing of it is checked beyond its form. */
export interface ContactLink {
  /** Such as `https://relay.example.org`. */
  readonly relayOrigin: string;
  readonly username: string;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
}

/** A text is not a contact link. Its message is one plain line. */
export class ContactLinkError extends Error {
  override readonly name = 'ContactLinkError';
}

const prefix = 'sotto:contact#';
const version = '1';
const identityKeyBytes = 33;
/** A link has about 150 characters; relays have names of 255 at most. */
const maxLinkLength = 512;

/** Whether a text means to be a link. */
export function isContactLink(text: string): boolean {
  return text.startsWith(prefix);
}

/** Writes a link. */
export function formatContactLink({ relayOrigin, username, identityKey }: ContactLink): string {
  const key = toBase64Url(Uint8Array.from(identityKey));
  return prefix + new URLSearchParams({ v: version, relay: relayOrigin, username, key }).toString();
}

/** Reads a link. @throws ContactLinkError */
export function parseContactLink(text: string): ContactLink {
  if (!isContactLink(text) || text.length > maxLinkLength)
    throw new ContactLinkError('This is no contact link.');
  const fields = new URLSearchParams(text.slice(prefix.length));
  if (fields.get('v') !== version) throw new ContactLinkError('This contact link is of another version.');
  const relayOrigin = originOf(fields.get('relay') ?? '');
  const identityKey = keyOf(fields.get('key') ?? '');
  const username = fields.get('username');
  if (!relayOrigin || !identityKey || !username) throw new ContactLinkError('This contact link is damaged.');
  return { relayOrigin, username, identityKey };
}

function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  return origin === text ? origin : undefined;
}

function keyOf(text: string): Uint8Array | undefined {
  try {
    const key = fromBase64Url(text);
    return key.length === identityKeyBytes ? key : undefined;
  } catch {
    return undefined;
  }
}
