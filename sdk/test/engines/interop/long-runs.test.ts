/**
 * Long lives of one session between two engines, in both roles: thousands of messages under loss,
 * disorder, repetition and one-sided traffic, over many epochs of the post-quantum ratchet. Every
 * message's fate is predicted from headers alone. `SEED` repeats one run.
 */
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/testing/index.js';
import { engineNamed, type EngineName } from '../../support/engines.js';
import { calm, happenings, type Weather } from './schedule.js';
import { InteropWorld } from './world.js';

const slow = process.env['SLOW'] === '1';
const messages = Number(process.env['MESSAGES'] ?? 10_000);
const minEpochs = 20;

const weathers: readonly Weather[] = [
  { ...calm, name: 'stormy', loss: 0.25, duplication: 0.08, disorder: 0.3, maxBurst: 12 },
  { ...calm, name: 'one-sided', loss: 0.1, duplication: 0.05, disorder: 0.2, maxBurst: 8, aliceShare: 0.75 },
  { ...calm, name: 'bursts', loss: 0.05, duplication: 0.05, disorder: 0.5, maxBurst: 36 },
];

/** Which seed of which weather each pair meets; together they meet all. */
const corpus: readonly (readonly [EngineName, EngineName, Weather['name'], string])[] = [
  ['portable', 'libsignal', 'stormy', '11'],
  ['libsignal', 'portable', 'one-sided', '12'],
  ['portable', 'libsignal', 'bursts', '13'],
  ['libsignal', 'portable', 'bursts', '14'],
];

/** That the predictions hold where there is nothing of ours. */
const control = ['libsignal', 'libsignal', 'stormy', '15'] as const;

const fresh = [...weathers, ...weathers].flatMap(({ name }) => {
  const seed = String(randomInt(2 ** 31));
  return [
    ['portable', 'libsignal', name, seed],
    ['libsignal', 'portable', name, seed],
    ['portable', 'portable', name, seed],
  ] as const;
});

function engineOf(name: EngineName, seed: string, side: string) {
  return engineNamed(name, seededRandom(`${seed}/${side}`));
}

describe('a session that lives long', () => {
  it.each(slow ? [...corpus, control, ...fresh] : corpus)(
    '%s to %s, %s (seed %s)',
    { timeout: 600_000 },
    async (initiator, recipient, name, committedSeed) => {
      const seed = process.env['SEED'] ?? committedSeed;
      const weather = weathers.find((known) => known.name === name) as Weather;
      const label = `${initiator} to ${recipient}, ${name}, seed ${seed}`;
      const alice = engineOf(initiator, seed, 'alice');
      const bob = engineOf(recipient, seed, 'bob');
      const world = await InteropWorld.create(label, alice, bob);
      // The first message arrives, so that both know the session.
      await world.run([
        { kind: 'send', from: 'alice' },
        { kind: 'drain', to: 'bob' },
      ]);
      const tally = await world.run(happenings(weather, messages, seed));
      console.log(`${label}: ${JSON.stringify(tally)}`);
      expect(tally.epochs).toBeGreaterThanOrEqual(minEpochs);
      expect(tally.decrypted + tally.lost).toBeLessThanOrEqual(tally.sent);
      expect(tally.decrypted).toBeGreaterThan(tally.sent * (1 - weather.loss) * 0.9);
      expect(tally.duplicates).toBeGreaterThan(messages * weather.duplication * 0.3);
    },
  );
});
