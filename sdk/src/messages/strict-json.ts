/**
 * JSON that has one reading only: no duplicate keys, no lone surrogates, no number or escape
 * spelled another way, bounded depth. Knows no schema.
 */
import { fromUtf8 } from '../bytes.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';

/**
 * Parses strictly: the text must be exactly what `JSON.stringify` makes of its own value, which
 * rules out white space, duplicate keys and alternative spellings in one comparison.
 * @throws SottoError `invalid-content`
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  try {
    const text = fromUtf8(bytes);
    assertDepth(text);
    const value: unknown = JSON.parse(text);
    if (JSON.stringify(value) !== text) throw new SottoError('invalid-content');
    assertNoLoneSurrogates(value);
    return value;
  } catch {
    // No cause: a parser's message quotes the plaintext.
    throw new SottoError('invalid-content');
  }
}

/** Before `JSON.parse`, so that hostile nesting costs one linear scan and no recursion. */
function assertDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > limits.maxContentDepth) throw new SottoError('invalid-content');
  }
}

function assertNoLoneSurrogates(value: unknown): void {
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw new SottoError('invalid-content');
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      assertNoLoneSurrogates(key);
      assertNoLoneSurrogates(member);
    }
  }
}
