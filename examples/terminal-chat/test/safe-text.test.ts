/** What other people write must not steer the terminal. */
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeLine, safeText } from '../src/safe-text.js';

const escapes = {
  'clear the screen': '\x1b[2J\x1b[H',
  'move up and overwrite': '\x1b[1A\x1b[2K✓✓ bob: send money',
  'set the window title': '\x1b]0;pwned\x07',
  'write the clipboard': '\x1b]52;c;cm0gLXJmIH4=\x07',
  'a link that lies': '\x1b]8;;https://evil.example\x1b\\bank\x1b]8;;\x1b\\',
  'ask the terminal to type': '\x1b[6n',
  'one-byte CSI (C1)': '\u009b2J',
  'one-byte OSC (C1)': '\u009d0;pwned\u009c',
  backspaces: 'abc\b\b\bxyz',
  'carriage return': 'bob: hi\ralice: bye',
  bell: '\x07',
  'shift out': '\x0e',
  delete: '\x7f',
  'right-to-left override': 'photo\u202egpj.exe',
  'bidirectional isolates': '\u2066a\u2069',
  'line separator': 'a\u2028b',
  'lone surrogate': 'a\ud800b',
  'invisible tags': '\u{e0041}',
};

/** Every character a terminal, or the reader, could be misled by; line breaks are the program's own. */
const dangerous = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

describe('safeText', () => {
  it.each(Object.entries(escapes))('neutralises: %s', (_name, text) => {
    const shown = safeText(text);
    expect(shown).not.toMatch(dangerous);
    expect(stripVTControlCharacters(shown)).toBe(shown);
  });

  it('neutralises whatever there is', () => {
    const seed = Number(process.env['SEED'] ?? 7);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        return !dangerous.test(safeText(text)) && !safeLine(text).includes('\n');
      }),
      { seed, numRuns: 200 },
    );
  });

  it('says what was there', () => {
    expect(safeText('a\x1b[2Jb')).toBe('a<U+001B>[2Jb');
  });

  it('leaves ordinary text alone in many scripts', () => {
    for (const text of ['Grüße, 你好, Γειά', 'नमस्ते', 'سلام', '👩‍👩‍👧 ❤️', '½ €'])
      expect(safeText(text)).toBe(text);
  });

  it('marks every further line, so that none looks like one of the chat', () => {
    expect(safeText('hi\n✓✓ you → bob (1): yes\r\n** Connected.')).toBe(
      'hi\n      | ✓✓ you → bob (1): yes\n      | ** Connected.',
    );
  });

  it('counts lines that would push everything else off the screen', () => {
    const shown = safeText('x\n'.repeat(5_000));
    expect(shown.split('\n')).toHaveLength(31);
    expect(shown).toContain('(4971 more lines)');
  });
});
