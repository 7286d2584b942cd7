/** What libsignal reads, this engine reads, and the same of it; what it refuses is refused here. */
import { LibSignalErrorBase } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { formats, plain, TimeBeyond, type Format, type Reading } from './formats.js';
import { mutated } from './mutate.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');
const runs = slow ? 40_000 : 3_000;
const originals = 60;

type Outcome = Reading | 'refused';

function ours({ ours: read, refusal }: Format, bytes: Uint8Array): Outcome {
  try {
    return read(bytes);
  } catch (error) {
    if (isSottoError(error, refusal) || error instanceof TimeBeyond) return 'refused';
    throw error;
  }
}

function theirs({ theirs: read }: Format, bytes: Uint8Array): Outcome {
  try {
    return read(plain(bytes));
  } catch (error) {
    // A RangeError: a number that JavaScript has no exact name for.
    if (error instanceof LibSignalErrorBase || error instanceof RangeError) return 'refused';
    throw error;
  }
}

describe.each(formats)('$name', (format) => {
  it(`is read as libsignal reads it, however mutated (seed ${seed})`, () => {
    const random = seededRandom(`${seed} ${format.name}`);
    const whole = Array.from({ length: originals }, () => format.make(random));
    let refused = 0;
    for (let run = 0; run < runs; run += 1) {
      const original = whole[run % originals]!;
      const bytes = run < originals ? original : mutated(random, original, format.envelope);
      const expected = theirs(format, bytes);
      expect(ours(format, bytes), `run ${run}: ${Buffer.from(bytes).toString('hex')}`).toEqual(expected);
      if (run < originals) expect(expected).not.toBe('refused');
      if (expected === 'refused') refused += 1;
    }
    // Neither all nor none, or the mutations show nothing.
    expect(refused).toBeGreaterThan(runs / 20);
    expect(refused).toBeLessThan((runs * 19) / 20);
  });
});
