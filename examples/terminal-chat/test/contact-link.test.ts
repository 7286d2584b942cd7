/** Contact links carry the whole key, and hostile ones are refused. */
import { describe, expect, it } from 'vitest';
import { ContactLinkError, formatContactLink, isContactLink, parseContactLink } from '../src/contact-link.js';
import { qrLines } from '../src/qr-code.js';

const link = {
  relayOrigin: 'https://relay.example.org:8443',
  username: 'alice',
  identityKey: Uint8Array.from({ length: 33 }, (_, index) => (index === 0 ? 5 : 7 * index)),
};

describe('contact links', () => {
  const text = formatContactLink(link);

  it('say the same after being written and read', () => {
    expect(isContactLink(text)).toBe(true);
    expect(parseContactLink(text)).toEqual(link);
  });

  it('have everything in the fragment', () => {
    const { hash, pathname, search } = new URL(text);
    expect({ pathname, search }).toEqual({ pathname: 'contact', search: '' });
    expect(hash).toContain('username=alice');
  });

  it.each([
    ['another version', text.replace('v=1', 'v=2')],
    ['a short key', text.slice(0, -4)],
    ['a key that is none', text.replace(/key=.*/, 'key=%%%')],
    ['no relay', text.replace(/relay=[^&]*&/, '')],
    ['a relay with a path', text.replace('8443', '8443%2Fevil')],
    ['no name', text.replace('username=alice&', '')],
    ['endless', text + 'A'.repeat(10_000)],
    ['a contact code', '@alice#ABCD-EFGH-JKMN'],
  ])('are refused: %s', (_name, bad) => {
    expect(() => parseContactLink(bad)).toThrow(ContactLinkError);
  });

  it('fit a terminal of 80 columns and 40 rows as a QR code', () => {
    const lines = qrLines(text, false);
    expect(lines.length).toBeLessThan(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
  });
});
