/** Vectors of contact codes. The scrypt is Node's (OpenSSL's), independent of the SDK's portable one. */
import { scryptSync } from 'node:crypto';
import { PrivateKey } from '@signalapp/libsignal-client';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Crockford base32 by the book: five bits a character, from the top. */
function crockford(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join('');
}

function derived(username: string, start: number): VectorTest {
  const identityKey = PrivateKey.deserialize(counting(32, start)).getPublicKey().serialize();
  const salt = Buffer.from(`sotto contact code v1\0${username}`);
  const hash = scryptSync(identityKey, salt, 10, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
  return {
    id: `derive-${start}-${username.replaceAll('_', '-')}`,
    flags: ['derive'],
    source: 'scrypt by OpenSSL',
    input: { identityKey: hex(identityKey), username },
    result: 'valid',
    output: { digits: crockford(hash) },
  };
}

const read = (id: string, text: string, username: string, digits: string, strength: string): VectorTest => ({
  id,
  flags: ['parse', strength],
  source: 'by definition',
  input: { text },
  result: 'valid',
  output: { username, digits, strength },
});

const refused = (id: string, text: string): VectorTest => ({
  id,
  flags: ['parse'],
  source: 'by definition',
  input: { text },
  result: 'invalid',
  failure: 'invalid-contact-code',
});

const parsed: readonly VectorTest[] = [
  read('plain', '@alice#0123-4567-89AB', 'alice', '0123456789AB', 'standard'),
  read('no-at', 'alice#0123-4567-89AB', 'alice', '0123456789AB', 'standard'),
  read('eight', '@alice#0123-4567', 'alice', '01234567', 'weak'),
  read('sixteen', '@alice#0123-4567-89AB-CDEF', 'alice', '0123456789ABCDEF', 'strong'),
  read('case', '@ALICE#0123-4567-89ab', 'alice', '0123456789AB', 'standard'),
  read('spaces', '  @alice # 0123 4567 89AB \n', 'alice', '0123456789AB', 'standard'),
  read('no-separators', '@alice#0123456789AB', 'alice', '0123456789AB', 'standard'),
  read('look-alikes', '@alice#OoIi-LlAB-CDEF', 'alice', '001111ABCDEF', 'standard'),
  read('typographic-dashes', '@alice#0123\u20134567\u201489AB', 'alice', '0123456789AB', 'standard'),
  read('no-break-space', '@alice#0123\u00a04567\u00a089AB', 'alice', '0123456789AB', 'standard'),
  read('longest', `@${'a'.repeat(32)}#VWXY-Z012-3456-789A`, 'a'.repeat(32), 'VWXYZ0123456789A', 'strong'),
  refused('empty', ''),
  refused('no-hash', '@alice 0123-4567-89AB'),
  refused('two-hashes', '@alice#0123#4567'),
  refused('two-ats', '@@alice#0123-4567-89AB'),
  refused('letter-u', '@alice#U123-4567-89AB'),
  refused('seven', '@alice#0123-456'),
  refused('ten', '@alice#0123-4567-89'),
  refused('twenty', '@alice#0123-4567-89AB-CDEF-GHJK'),
  refused('short-name', '@al#0123-4567-89AB'),
  refused('long-name', `@${'a'.repeat(33)}#0123-4567-89AB`),
  refused('name-with-space', '@al ice#0123-4567-89AB'),
  refused('kelvin-sign', '@\u212aate#0123-4567-89AB'),
  refused('full-width-digits', '@alice#\uff10123-4567-89AB'),
  refused('long-s', '@alice#0123-4567-89A\u017f'),
  refused('too-long', `@alice#0123-4567-89AB${' '.repeat(200)}`),
];

/** `contact-code.json`. */
export function contactCodeVectors(): VectorFile {
  return {
    operation: 'contact-code',
    schemaVersion: 1,
    about:
      'Derivation of contact codes (flag `derive`) and reading them as people write them (flag `parse`).',
    hex: ['identityKey'],
    tests: [
      derived('alice', 0),
      derived('bob_2', 1),
      derived('alice', 2),
      derived('a'.repeat(32), 3),
      ...parsed,
    ],
  };
}
