import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textParts } from '../src/chat/text-parts.js';

const linksIn = (text: string) => textParts(text).flatMap((part) => (part.isLink ? [part.text] : []));

it('finds web addresses, and leaves what only stands around them', () => {
  expect(linksIn('see https://example.org/a?b=c#d, or (http://example.org).')).toEqual([
    'https://example.org/a?b=c#d',
    'http://example.org',
  ]);
  expect(linksIn('javascript:alert(1) data:text/html,x ftp://x.y www.example.org')).toEqual([]);
  expect(linksIn('https://')).toEqual([]);
});

it('loses nothing of the text', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('https://a.b/c', ' http://x.y. ', '<https://q>'));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      expect(
        textParts(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text);
    }),
  );
});
