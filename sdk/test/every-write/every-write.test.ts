/**
 * Every write of a life with everything in it fails once, or is the last one of its process: afterwards nothing is
 * lost, nothing has happened twice and no key was used twice. Each write meets one of the fates in turn;
 * under `SLOW=1` every one of them, on both engines.
 */
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../support/engines.js';
import { playScenario } from './scenario.js';

const fates = ['die-before', 'die-after', 'fail'] as const;
const slow = process.env['SLOW'] === '1';
const engines: readonly EngineName[] = slow ? ['portable', 'libsignal'] : ['portable'];
/** Fewer would mean that the scenario does not do what it is there to do. */
const leastCommits = 120;
const timeoutMs = slow ? 60 * 60 * 1000 : 600_000;

describe.each(engines)('every write on %s', (engine) => {
  it.each(fates.map((fate, turn) => ({ fate, turn })))(
    'can end in $fate',
    { timeout: timeoutMs },
    async ({ fate, turn }) => {
      const commits = await playScenario({ engine, at: 0, fate });
      expect(commits).toBeGreaterThan(leastCommits);
      for (let at = 1; at <= commits; at += 1) {
        if (slow || at % fates.length === turn) await playScenario({ engine, at, fate });
      }
    },
  );
});
