/**
 * Contact links and QR payloads: one spelling is read, everything else is refused by a code, however
 * hostile. 20,000 spoilt texts, a million from a fresh seed with `SLOW=1`; `SOTTO_SEED` repeats a run.
 */
import { describe, expect, it } from 'vitest';
import { formatContactLink, isSottoError, parseContactLink, type ContactLink } from '@sotto/sdk/verification';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { readVectors } from '../vectors/vector-files.js';
import { outcomeOf } from './outcome.js';

const { tests } = readVectors('contact-link.json');
const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');
const rounds = slow ? 1_000_000 : 20_000;
const longTestMs = 600_000;
const codes = ['invalid-contact-link', 'contact-link-version', 'link-code-outside-linking'];

describe('contact links', () => {
  it.each(tests)('$id is $result', ({ input, result, failure, output }) => {
    const text = input['text'] as string;
    if (result === 'invalid') {
      expect(outcomeOf(() => void parseContactLink(text))).toBe(failure);
      return;
    }
    const { page, ...link } = output as unknown as ContactLink & { page: string };
    expect(parseContactLink(text)).toEqual(link);
    expect(formatContactLink(link, page)).toBe(text);
  });

  it('are written for a QR code unless a page is given', () => {
    const { page, ...link } = tests[0]!.output as unknown as ContactLink & { page: string };
    expect(page).toBe('sotto:contact');
    expect(formatContactLink(link)).toBe(tests[0]!.input['text']);
  });

  it.each([
    { relayOrigin: 'https://relay.example/' },
    { relayOrigin: 'relay.example' },
    { username: 'Alice' },
    { identityKey: new Uint8Array(32) },
    { identityKey: new Uint8Array(33) },
    { relayOrigin: `https://${'relay.'.repeat(90)}example` },
  ])('are not written from %j', (bad) => {
    const link = { ...(tests[0]!.output as unknown as ContactLink), ...bad };
    expect(outcomeOf(() => void formatContactLink(link))).toBe('invalid-contact-link');
  });

  it('do not repeat in an error what was pasted', () => {
    try {
      parseContactLink('sotto:contact#a secret pasted by mistake');
      expect.unreachable();
    } catch (error) {
      expect(isSottoError(error, 'invalid-contact-link')).toBe(true);
      expect(String(error)).not.toContain('secret');
    }
  });
});

const alphabet = ['#', '&', '=', '%', '%2F', '@', ' ', '\n', '\0', '١', 'K', '\ud800', 'sotto-device=1', '2'];

describe(`reading ${rounds} spoilt links (SOTTO_SEED=${seed})`, () => {
  const random = seededRandom(`contact links ${seed}`);
  const below = (limit: number) => {
    const [one = 0, two = 0, three = 0] = random.bytes(3);
    return (one * 65_536 + two * 256 + three) % limit;
  };
  const originals = tests.map(({ input }) => input['text'] as string).filter((text) => text.length > 0);

  /** A text with something taken out, put in, doubled, or joined to the end of another. */
  function spoilt(): string {
    let text = originals[below(originals.length)]!;
    for (let times = 1 + below(3); times > 0; times -= 1) {
      const [at, length] = [below(text.length + 1), below(12)];
      const pieces = [
        '',
        alphabet[below(alphabet.length)]!,
        String.fromCharCode(below(256)),
        text.slice(at, at + length).repeat(2),
        originals[below(originals.length)]!.slice(at),
      ];
      text = text.slice(0, at) + pieces[below(pieces.length)]! + text.slice(at + length);
    }
    return text;
  }

  it(
    'gives a link that is spelled just so, or one of three codes',
    () => {
      let [read, refused] = [0, 0];
      for (let round = 0; round < rounds; round += 1) {
        const text = spoilt();
        try {
          const link = parseContactLink(text);
          expect(formatContactLink(link, text.slice(0, text.indexOf('#')))).toBe(text);
          read += 1;
        } catch (error) {
          if (!isSottoError(error) || !codes.includes(error.code)) throw error;
          refused += 1;
        }
      }
      expect(read).toBeGreaterThan(rounds / 1000);
      expect(refused).toBeGreaterThan(rounds / 2);
    },
    longTestMs,
  );
});
