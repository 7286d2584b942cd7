/** Vectors of contact links, made and spoilt by hand: no code of the SDK is used. */
import { PrivateKey } from '@signalapp/libsignal-client';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

const identityKey = PrivateKey.deserialize(counting(32, 7)).getPublicKey().serialize();
const key = Buffer.from(identityKey).toString('base64url');
const scheme = 'sotto:contact';
const relay = 'https%3A%2F%2Frelay.example';
const good = `${scheme}#sotto-contact=1&relay=${relay}&username=alice&key=${key}`;

const read = (id: string, text: string, output: { relayOrigin?: string; username?: string } = {}) =>
  ({
    id,
    flags: ['parse', 'format'],
    source: 'by definition',
    input: { text },
    result: 'valid',
    output: {
      relayOrigin: 'https://relay.example',
      username: 'alice',
      ...output,
      identityKey: hex(identityKey),
      page: text.slice(0, text.indexOf('#')),
    },
  }) as const satisfies VectorTest;

const refused = (id: string, text: string, failure = 'invalid-contact-link'): VectorTest => ({
  id,
  flags: ['parse'],
  source: 'by definition',
  input: { text },
  result: 'invalid',
  failure,
});

const withKey = (text: string) => good.replace(key, text);
const withRelay = (text: string) => good.replace(relay, text);
const withPage = (text: string) => good.replace(scheme, text);
const encoded = (bytes: readonly number[]) => Buffer.from(bytes).toString('base64url');

const links: readonly VectorTest[] = [
  read('qr-payload', good),
  read('page', withPage('https://chat.example/add')),
  read('page-at-the-root', withPage('https://chat.example/')),
  read('page-on-this-machine', withPage('http://localhost:5173/')),
  read('relay-with-port', withRelay('https%3A%2F%2Frelay.example%3A8443'), {
    relayOrigin: 'https://relay.example:8443',
  }),
  read('relay-on-this-machine', withRelay('http%3A%2F%2F127.0.0.1%3A8787'), {
    relayOrigin: 'http://127.0.0.1:8787',
  }),
  read('relay-of-six-groups', withRelay('http%3A%2F%2F%5B%3A%3A1%5D%3A8787'), {
    relayOrigin: 'http://[::1]:8787',
  }),
  read('longest-name', good.replace('alice', `a${'_'.repeat(31)}`), { username: `a${'_'.repeat(31)}` }),

  refused('next-version', good.replace('contact=1', 'contact=2'), 'contact-link-version'),
  refused('far-version', good.replace('contact=1', 'contact=9999'), 'contact-link-version'),
  refused('next-version-with-other-fields', `${scheme}#sotto-contact=2&x=y`, 'contact-link-version'),
  refused('version-zero', good.replace('contact=1', 'contact=0')),
  refused('version-with-zero', good.replace('contact=1', 'contact=01')),
  refused('version-too-far', good.replace('contact=1', 'contact=10000')),
  refused('no-version', good.replace('contact=1', 'contact=')),
  refused('device-link', 'sotto:device#sotto-device=1&secret=AAAA', 'link-code-outside-linking'),
  refused(
    'device-link-as-contact',
    'sotto:contact#sotto-device=1&sotto-contact=1',
    'link-code-outside-linking',
  ),
  refused('device-link-on-a-page', 'https://chat.example/#sotto-device=2', 'link-code-outside-linking'),

  refused('empty', ''),
  refused('no-fragment', good.replace('#', '?')),
  refused('fragment-alone', good.slice(good.indexOf('#'))),
  refused('contact-code', '@alice#0123-4567-89AB'),
  refused('two-fragments', `${good}#x`),
  refused('other-scheme', withPage('evil:contact')),
  refused('other-path-of-the-scheme', withPage('sotto:device')),
  refused('script-page', withPage('javascript:alert(1)//')),
  refused('page-with-query', withPage('https://chat.example/?x=y')),
  refused('page-with-empty-query', withPage('https://chat.example/?')),
  refused('page-with-user', withPage('https://alice@chat.example/')),
  refused('page-in-capitals', withPage('https://CHAT.example/')),
  refused('page-without-slash', withPage('https://chat.example')),
  refused('page-too-long', withPage(`https://chat.example/${'x'.repeat(108)}`)),
  refused('space-before', ` ${good}`),
  refused('line-end-behind', `${good}\n`),
  refused('tag-in-capitals', good.replace('sotto-contact', 'Sotto-Contact')),
  refused('fields-swapped', good.replace(`username=alice&key=${key}`, `key=${key}&username=alice`)),
  refused('field-twice', good.replace('&key', '&username=bob&key')),
  refused('field-more', `${good}&x=y`),
  refused('no-relay', good.replace(`relay=${relay}&`, '')),
  refused('relay-empty', withRelay('')),
  refused('relay-not-encoded', withRelay('https://relay.example')),
  refused('relay-encoded-in-small-letters', withRelay('https%3a%2f%2frelay.example')),
  refused('relay-encoded-twice', withRelay('https%253A%252F%252Frelay.example')),
  refused('relay-encoded-more-than-needed', withRelay('https%3A%2F%2Frelay%2Eexample')),
  refused('relay-encoded-badly', withRelay('https%3A%2F%2Frelay.example%')),
  refused('relay-encoded-as-no-utf-8', withRelay('https%3A%2F%2F%FF')),
  refused('relay-with-path', withRelay('https%3A%2F%2Frelay.example%2F')),
  refused('relay-with-user', withRelay('https%3A%2F%2Falice%40relay.example')),
  refused('relay-in-capitals', withRelay('https%3A%2F%2FRelay.example')),
  refused('relay-with-the-port-of-its-scheme', withRelay('https%3A%2F%2Frelay.example%3A443')),
  refused('relay-of-another-scheme', withRelay('ftp%3A%2F%2Frelay.example')),
  refused('relay-without-host', withRelay('https%3A%2F%2F')),
  refused('relay-in-another-script', withRelay('https%3A%2F%2Frel%C3%A4y.example')),
  refused('no-name', good.replace('username=alice&', '')),
  refused('name-too-short', good.replace('alice', 'al')),
  refused('name-too-long', good.replace('alice', 'a'.repeat(33))),
  refused('name-in-capitals', good.replace('alice', 'Alice')),
  refused('name-with-a-digit-first', good.replace('alice', '1alice')),
  refused('no-key', good.replace(`&key=${key}`, '')),
  refused('key-short', withKey(key.slice(0, -4))),
  refused('key-long', withKey(`${key}AAAA`)),
  refused('key-padded', withKey(`${key.slice(0, -1)}=`)),
  refused('key-in-the-other-base64', withKey(key.replace(/./, '+'))),
  refused('key-of-another-type', withKey(encoded([4, ...identityKey.slice(1)]))),
  refused('too-long', `${good}${'x'.repeat(512)}`),
];

/** `contact-link.json`. */
export function contactLinkVectors(): VectorFile {
  return {
    operation: 'contact-link',
    schemaVersion: 1,
    about:
      'Reading contact links and QR payloads (flag `parse`), and writing the very same text again (flag `format`).',
    hex: ['identityKey'],
    tests: links,
  };
}
