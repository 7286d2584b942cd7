import { describe, expect, it } from 'vitest';
import { PrivateKey } from '@signalapp/libsignal-client';
import {
  deriveContactCode,
  formatContactCode,
  isSottoError,
  matchContactCode,
  parseContactCode,
  type Scrypt,
} from '@sotto/sdk/verification';
import { platformScrypt } from '../../src/platform-scrypt.js';
import { readVectors } from '../vectors/vector-files.js';
import { outcomeOf } from './outcome.js';

const { tests } = readVectors('contact-code.json');
const withFlag = (flag: string) => tests.filter(({ flags }) => flags.includes(flag));

describe('contact codes', () => {
  it.each(withFlag('derive'))('$id', async ({ input, output }) => {
    const parts = input as { identityKey: Uint8Array; username: string };
    expect(await deriveContactCode(parts)).toBe(output?.['digits']);
    expect(await deriveContactCode(parts, platformScrypt)).toBe(output?.['digits']);
  });

  it.each(withFlag('parse'))('$id is $result', ({ input, result, failure, output }) => {
    const parse = () => parseContactCode(input['text'] as string);
    if (result === 'valid') expect(parse()).toEqual(output);
    else expect(outcomeOf(() => void parse())).toBe(failure);
  });

  it('are written so that they read back', () => {
    const digits = '0123456789ABCDEF';
    expect(formatContactCode({ username: 'alice', digits })).toBe('@alice#0123-4567-89AB');
    expect(formatContactCode({ username: 'alice', digits }, 8)).toBe('@alice#0123-4567');
    expect(formatContactCode({ username: 'alice', digits }, 16)).toBe('@alice#0123-4567-89AB-CDEF');
    expect(formatContactCode({ username: 'alice', digits: '01234567' })).toBe('@alice#0123-4567');
    expect(parseContactCode(formatContactCode({ username: 'alice', digits })).digits).toBe('0123456789AB');
  });

  it.each(['', '0123', '01234567890', '0123456U', '0123-4567', 'abcdefgh'])(
    'are not written from %j',
    (digits) => {
      expect(outcomeOf(() => void formatContactCode({ username: 'alice', digits }))).toBe(
        'invalid-contact-code',
      );
    },
  );

  it('are derived for keys and names alone', async () => {
    const identityKey = PrivateKey.generate().getPublicKey().serialize();
    await expect(
      deriveContactCode({ identityKey: identityKey.slice(1), username: 'alice' }),
    ).rejects.toMatchObject({ code: 'invalid-key' });
    await expect(deriveContactCode({ identityKey, username: 'Alice' })).rejects.toMatchObject({
      code: 'invalid-username',
    });
  });
});

describe('matching a contact code', () => {
  const derived = '0123456789ABCDEF';

  it.each(['01234567', '0123456789AB', derived])('takes the beginning %s', (digits) => {
    expect(outcomeOf(() => matchContactCode(derived, digits))).toBe('valid');
  });

  it('refuses every other character at every place', () => {
    for (const length of [8, 12, 16]) {
      for (let index = 0; index < length; index += 1) {
        const digits = `${derived.slice(0, index)}Z${derived.slice(index + 1, length)}`;
        expect(outcomeOf(() => matchContactCode(derived, digits))).toBe('statement-mismatch');
      }
    }
  });

  it.each(['', '0', '0123', '0123456789ABCD', `${derived}0123`])('refuses the length of %j', (digits) => {
    expect(outcomeOf(() => matchContactCode(derived, digits))).toBe('invalid-contact-code');
    expect(outcomeOf(() => matchContactCode(digits, '01234567'))).toBe('invalid-contact-code');
  });
});

describe('grinding a contact code', () => {
  // The machinery of the attack with one character instead of twelve: 32 guesses on average, each a full scrypt
  // here made cheap; at its real cost one more character multiplies the work by 32.
  const cheap: Scrypt = (password, salt, { dkLen }) =>
    platformScrypt(password, salt, { N: 2, r: 1, p: 1, dkLen });

  it('finds a key for one character, and that key fails on the others', async () => {
    const victim = PrivateKey.generate().getPublicKey().serialize();
    const target = await deriveContactCode({ identityKey: victim, username: 'alice' }, cheap);
    let found: string | undefined;
    // 1,000 guesses miss one character in 32 once in 6 × 10^13 runs.
    for (let guess = 0; guess < 1000 && found === undefined; guess += 1) {
      const identityKey = PrivateKey.generate().getPublicKey().serialize();
      const code = await deriveContactCode({ identityKey, username: 'alice' }, cheap);
      if (code[0] === target[0]) found = code;
    }
    expect(found?.[0]).toBe(target[0]);
    expect(outcomeOf(() => matchContactCode(found as string, target.slice(0, 8)))).toBe('statement-mismatch');
  });

  it('asks of every guess the full cost', async () => {
    const asked: unknown[] = [];
    const watching: Scrypt = (password, salt, cost) => {
      asked.push({ password, salt: new TextDecoder().decode(salt), cost });
      return Promise.resolve(new Uint8Array(cost.dkLen));
    };
    const identityKey = PrivateKey.generate().getPublicKey().serialize();
    await deriveContactCode({ identityKey, username: 'alice' }, watching);
    const cost = { N: 32_768, r: 8, p: 1, dkLen: 10 };
    expect(asked).toEqual([{ password: identityKey, salt: 'sotto contact code v1\0alice', cost }]);
  });
});

it('errors of contact codes do not repeat what was typed', () => {
  try {
    parseContactCode('@alice#a secret typed by mistake');
    expect.unreachable();
  } catch (error) {
    expect(isSottoError(error, 'invalid-contact-code')).toBe(true);
    expect(String(error)).not.toContain('secret');
  }
});
