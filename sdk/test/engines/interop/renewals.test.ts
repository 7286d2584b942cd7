/**
 * Sessions that come and go: both sides archive, start again — often at the same time — and are set back
 * to earlier records, while messages of all sessions are under way. Nothing is decrypted twice, nothing
 * that is not stale fails, and in the end both understand each other. `SEED` repeats one run.
 */
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/testing/index.js';
import { engineNamed, type EngineName } from '../../support/engines.js';
import { calm, happenings, type Weather } from './schedule.js';
import { InteropWorld } from './world.js';

const slow = process.env['SLOW'] === '1';
const messages = slow ? 3_000 : 600;

const weathers: readonly Weather[] = [
  { ...calm, name: 'renewals', loss: 0.1, duplication: 0.1, disorder: 0.3, maxBurst: 4, renewal: 0.12 },
  { ...calm, name: 'set-backs', loss: 0.05, duplication: 0.1, disorder: 0.2, maxBurst: 4, rollback: 0.04 },
];

const pairs: readonly (readonly [EngineName, EngineName])[] = [
  ['portable', 'libsignal'],
  ['libsignal', 'portable'],
  ['portable', 'portable'],
  // That the model holds where there is nothing of ours.
  ...(slow ? ([['libsignal', 'libsignal']] as const) : []),
];

const seeds = slow ? Array.from({ length: 20 }, () => String(randomInt(2 ** 31))) : ['21', '22'];
const runs = weathers.flatMap((weather) =>
  pairs.flatMap(([initiator, recipient]) =>
    seeds.map((seed) => [initiator, recipient, weather.name, seed] as const),
  ),
);

describe('sessions that come and go', () => {
  it.each(runs)(
    '%s to %s, %s (seed %s)',
    { timeout: 600_000 },
    async (initiator, recipient, name, committedSeed) => {
      const seed = process.env['SEED'] ?? committedSeed;
      const weather = weathers.find((known) => known.name === name) as Weather;
      const label = `${initiator} to ${recipient}, ${name}, seed ${seed}`;
      const alice = engineNamed(initiator, seededRandom(`${seed}/alice`));
      const bob = engineNamed(recipient, seededRandom(`${seed}/bob`));
      const world = await InteropWorld.create(label, alice, bob);
      const tally = await world.run(happenings(weather, messages, seed));
      await world.settle();
      // Far more is decrypted than becomes stale: the run says something.
      expect(tally.decrypted, label).toBeGreaterThan(tally.sent * 0.3);
    },
  );
});
