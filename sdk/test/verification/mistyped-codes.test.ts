/**
 * Contact codes as people type them: however a code is spelled it is read as itself, and with a mistake in it as
 * nobody's, or as exactly what was typed: never as another person's. 20,000 typed codes, a million from a fresh seed
 * with `SLOW=1`; `SOTTO_SEED` repeats a run.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  deriveContactCode,
  isSottoError,
  matchContactCode,
  parseContactCode,
  type Scrypt,
} from '@sotto/sdk/verification';
import { platformScrypt } from '../../src/platform-scrypt.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { outcomeOf } from './outcome.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');
const rounds = slow ? 1_000_000 : 20_000;
const longTestMs = 600_000;
const random = seededRandom(`mistyped codes ${seed}`);

const alphabet = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'];
const nameLetters = [...'abcdefghijklmnopqrstuvwxyz0123456789_'];
const lookAlikes: Readonly<Record<string, string>> = { '0': 'Oo', '1': 'IiLl' };
const separators = ['', '', '', '-', ' ', ' - ', '\u00a0', '\u2011', '\u2013', '\u2212', '\t'];
/** What neither a name nor a code has in it: other scripts' letters and digits that look or fold like ASCII ones, what is not seen. */
const foreign = [...'АВСЕНКМРТХаеіоΑΒΕΖΗΚÀàſ\u212a０１Ａ٠١۰०Ⅰ①.#\u200b\u200d\u202e\u00ad\u0301\0'];
const foreignToCodes = [...foreign, ...'Uu_@'];

/** Names that are one mistake apart. They all have one key: nothing but the name tells their codes apart. */
const names = [
  'alice',
  'a1ice',
  'aiice',
  'alicee',
  'alic',
  'laice',
  'alice_',
  'bob0',
  'bobo',
  'b0b0',
  'rnary',
  'mary',
];
const codes = new Map<string, string>();

beforeAll(async () => {
  const cheap: Scrypt = (password, salt, { dkLen }) =>
    platformScrypt(password, salt, { N: 2, r: 1, p: 1, dkLen });
  const identityKey = Uint8Array.from([5, ...random.bytes(32)]);
  for (const username of names)
    codes.set(username, await deriveContactCode({ identityKey, username }, cheap));
});

/** What a person means to type, or types by mistake: single characters, before case, separators and look-alikes. */
interface Meant {
  readonly name: readonly string[];
  readonly digits: readonly string[];
}

/** One of the spellings that are forgiven. */
function spelled({ name, digits }: Meant): string {
  const at = random.pick(['@', '']);
  const typedName = name.map((one) => (/^[a-z]$/.test(one) && random.chance(0.2) ? one.toUpperCase() : one));
  const typedDigits = digits.map((digit) => {
    const ways = [digit, /^[A-Z]$/.test(digit) ? digit.toLowerCase() : digit, ...(lookAlikes[digit] ?? '')];
    return random.pick(ways) + random.pick(separators);
  });
  const space = () => random.pick(['', '', ' ', '\n']);
  return `${space()}${at}${typedName.join('')}${space()}#${random.pick(separators)}${typedDigits.join('')}`;
}

/** A list with one mistake in it. */
function mistaken(list: readonly string[], letters: readonly string[], strange: readonly string[]): string[] {
  if (list.length === 0) return [];
  const at = random.integer(list.length);
  const [before, here, after] = [list.slice(0, at), list[at]!, list.slice(at + 1)];
  switch (random.integer(7)) {
    case 0: // another letter
      return [...before, random.pick(letters), ...after];
    case 1: // two in the other order
      return [...before, ...after.slice(0, 1), here, ...after.slice(1)];
    case 2: // one left out
      return [...before, ...after];
    case 3: // one typed twice, or one more
      return [...before, here, random.chance(0.5) ? here : random.pick(letters), ...after];
    case 4: // a group left out
      return [...before, ...after.slice(3)];
    case 5: // a group typed twice, or one more
      return [...list.slice(0, at), ...random.shuffle(letters).slice(0, 4), ...list.slice(at)];
    default: // what no code has
      return [...before, random.pick(strange), ...after];
  }
}

/** What the rules make of it: written down anew here, character by character. */
function meaning({ name, digits }: Meant): string | undefined {
  const isName =
    name.length >= 3 &&
    name.length <= 32 &&
    /[a-z]/.test(name[0]!) &&
    name.every((one) => nameLetters.includes(one));
  const isCode = [8, 12, 16].includes(digits.length) && digits.every((one) => alphabet.includes(one));
  return isName && isCode ? `${name.join('')} ${digits.join('')}` : undefined;
}

/** What the parser makes of it. */
function readAs(text: string): string | undefined {
  try {
    const { username, digits } = parseContactCode(text);
    return `${username} ${digits}`;
  } catch (error) {
    if (isSottoError(error, 'invalid-contact-code')) return undefined;
    throw error;
  }
}

/** Who is found: what a relay and the asking device do with a code that was read. */
function found(read: string | undefined): string | undefined {
  const [name = '', digits = ''] = read?.split(' ') ?? [];
  const derived = codes.get(name);
  return derived && outcomeOf(() => matchContactCode(derived, digits)) === 'valid' ? name : undefined;
}

function someCode(): { readonly owner: string; readonly meant: Meant } {
  const owner = random.pick(names);
  const digits = codes.get(owner)!.slice(0, random.pick([8, 12, 12, 16]));
  return { owner, meant: { name: [...owner], digits: [...digits] } };
}

describe(`${rounds} typed contact codes (SOTTO_SEED=${seed})`, () => {
  it(
    'lead to whose they are, however they are spelled',
    () => {
      for (let round = 0; round < rounds / 4; round += 1) {
        const { owner, meant } = someCode();
        const text = spelled(meant);
        if (readAs(text) !== meaning(meant) || found(readAs(text)) !== owner)
          expect.fail(JSON.stringify(text));
      }
    },
    longTestMs,
  );

  it(
    'lead to nobody else with a mistake or two in them',
    () => {
      const counts = { refused: 0, nobody: 0, owner: 0 };
      for (let round = 0; round < (rounds * 3) / 4; round += 1) {
        const { owner, meant } = someCode();
        let typed = meant;
        for (let mistakes = 1 + random.integer(2); mistakes > 0; mistakes -= 1) {
          const { name, digits } = typed;
          typed = random.chance(0.3)
            ? { name: mistaken(name, nameLetters, foreign), digits }
            : { name, digits: mistaken(digits, alphabet, foreignToCodes) };
        }
        const text = spelled(typed);
        const read = readAs(text);
        const who = found(read);
        // The beginning of the right code is the right code, and as weak as it is short.
        const isRight = typed.name.join('') === owner && codes.get(owner)!.startsWith(typed.digits.join(''));
        if (read !== meaning(typed) || who !== (read && isRight ? owner : undefined)) {
          expect.fail(`${JSON.stringify(text)} for ${owner}: read as ${read}, which is ${who ?? 'nobody'}`);
        }
        counts[read === undefined ? 'refused' : who === undefined ? 'nobody' : 'owner'] += 1;
      }
      // Each happens: mistakes that the form shows, mistakes that only the key shows, and harmless ones.
      expect(counts.refused).toBeGreaterThan(rounds / 4);
      expect(counts.nobody).toBeGreaterThan(rounds / 20);
      expect(counts.owner).toBeGreaterThan(rounds / 1000);
    },
    longTestMs,
  );
});
