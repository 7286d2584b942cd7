/**
 * Lives of three messengers, played from seeds: a few that are always the same, and under `SLOW=1`
 * (`npm run soak`) many fresh ones, whose seeds are printed.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { makeSchedule } from './actions.js';
import { simulate } from './simulate.js';

const committed = ['ada', 'grace', 'hedy', 'radia', 'whitfield'];
const soakRuns = 100;
const soakLength = 200;
const slow = process.env['SLOW'] === '1';

describe('a simulated life', () => {
  it.each(committed)('from seed %s loses nothing and does nothing twice', async (seed) => {
    const { messageKeys } = await simulate(seed);
    expect(messageKeys).toBeGreaterThan(5);
  });

  it('is played from a schedule that its seed repeats', () => {
    const schedule = (seed: string) => makeSchedule(seededRandom(seed), 100);
    expect(schedule('same')).toEqual(schedule('same'));
    expect(schedule('same')).not.toEqual(schedule('other'));
    const kinds = new Set(
      committed.flatMap((seed) => makeSchedule(seededRandom(seed), 200).actions.map(({ kind }) => kind)),
    );
    expect(kinds.size).toBe(13);
  });

  if (slow) {
    it('from fresh seeds does not, either', { timeout: 3_600_000 }, async () => {
      for (let run = 0; run < soakRuns; run += 1) {
        const seed = randomBytes(6).toString('hex');
        console.log(`simulation ${run + 1} of ${soakRuns}: seed ${seed}`);
        await simulate(seed, soakLength);
      }
    });
  }
});
