import { describe, expect, it } from 'vitest';
import { findSecrets, secretText } from './secret-scan.js';

const secret = Buffer.from('00ff10e0a7c3b1d4f29e8877665544332211fedcba98765432100123456789ab', 'hex');
const noise = (length: number) => Buffer.alloc(length, 'lorem ipsum ');
const names = (haystack: Buffer) =>
  findSecrets(haystack, [{ name: 'key', bytes: secret }]).map(({ name }) => name);

describe('the scanner', () => {
  const spellings: readonly (readonly [string, Buffer])[] = [
    ['raw bytes', secret],
    ['hex', Buffer.from(secret.toString('hex'))],
    ['capital hex', Buffer.from(secret.toString('hex').toUpperCase())],
    ['a list of numbers', Buffer.from(JSON.stringify([...secret]))],
    ['UTF-16 of hex', Buffer.from(secret.toString('hex'), 'utf16le')],
    ...[0, 1, 2, 3, 4].flatMap((before) =>
      (['base64', 'base64url'] as const).map(
        (form) =>
          [
            `${form} after ${before} bytes`,
            Buffer.from(Buffer.concat([noise(before), secret, noise(5)]).toString(form)),
          ] as const,
      ),
    ),
  ];

  it.each(spellings)('finds a secret as %s', (_form, needle) => {
    for (const offset of [0, 1, 2, 7])
      expect(names(Buffer.concat([noise(offset), needle, noise(9)]))).toContain('key');
  });

  it('finds text as UTF-8 and UTF-16', () => {
    const secrets = [secretText('text', 'grüße, leise')];
    for (const form of ['utf8', 'utf16le'] as const) {
      expect(findSecrets(Buffer.from('x grüße, leise y', form), secrets)).not.toEqual([]);
    }
  });

  it('finds nothing where nothing is, and a changed secret is another one', () => {
    expect(names(noise(4096))).toEqual([]);
    const changed = Buffer.from(secret);
    changed[16] = (changed[16] as number) ^ 1;
    expect(names(changed)).toEqual([]);
  });
});
