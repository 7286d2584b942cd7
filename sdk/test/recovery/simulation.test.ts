/**
 * Accounts that are brought back from backups, and begun anew with their password, in the middle of everything else.
 * 50,000 steps on each engine under `SLOW=1`.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SimulationAction } from '../../src/testing/simulation/actions.js';
import { simulate } from '../../src/testing/simulation/simulate.js';
import { engineNamed, type EngineName } from '../support/engines.js';

const slow = process.env['SLOW'] === '1';
/** Fresh ones in a soak, which are in the names of the tests; `SEED` plays them again. */
const soakSeed = process.env['SEED'] ?? randomUUID();
const fresh = Array.from({ length: 50 }, (_, index) => `${soakSeed} ${index + 1}`);
const seeds = slow ? fresh : ['recovery 1'];
const steps = slow ? 1_000 : 250;
const timeoutMs = slow ? 60 * 60 * 1000 : 180_000;

/** A world takes some ten seconds: libsignal's are for the long runs. */
const engines: readonly EngineName[] = slow ? ['portable', 'libsignal'] : ['portable'];

describe.each(engines)('recovery in worlds on %s', (name) => {
  it.each(seeds)('loses nothing and does nothing twice: %s', { timeout: timeoutMs }, async (seed) => {
    const report = await simulate({
      ...{ seed, steps, accounts: 3, faults: { recovery: 2, 'account-reset': 0.5 } },
      engine: ({ random }) => engineNamed(name, random),
    });
    expect(report.delivered).toBeGreaterThan(steps / 10);
  });
});

const quiet: SimulationAction = { kind: 'quiet', orderly: true };
const soon: SimulationAction = { kind: 'pass', durationMs: 1_000 };

/** Both write, one of them dies, is set right again, and is not there for a while. */
const scenario: readonly SimulationAction[] = [
  { kind: 'send', who: 'alice', peer: 'bob', texts: ['one', 'two?'] },
  soon,
  { kind: 'send', who: 'bob', peer: 'alice', texts: ['three?'] },
  { kind: 'crash', who: 'alice', fate: 'die-after', commits: 1 },
  soon,
  { kind: 'restart', who: 'alice' },
  { kind: 'unplug', who: 'alice' },
  { kind: 'send', who: 'bob', peer: 'alice', texts: ['four', 'five'] },
  soon,
  { kind: 'plug', who: 'alice' },
  soon,
];
const every = scenario.map((_, at) => at);
/** A backup is as old as may be, or of this very moment. */
const points = slow ? every : every.filter((at) => at % 4 === 3);

function withRecovery(at: number, backUpAt: number): SimulationAction[] {
  const before = scenario.slice(0, at);
  const actions: SimulationAction[] = [
    ...before.slice(0, backUpAt),
    { kind: 'back-up', who: 'alice' },
    ...before.slice(backUpAt),
  ];
  return [...actions, { kind: 'recover', who: 'alice' }, ...scenario.slice(at), quiet];
}

const withReset = (at: number): SimulationAction[] => [
  ...scenario.slice(0, at),
  { kind: 'reset-account', who: 'alice' },
  ...scenario.slice(at),
  quiet,
];

describe.each(['portable', 'libsignal'] satisfies EngineName[])(
  'at any point of a scenario on %s',
  (name) => {
    const play = (schedule: readonly SimulationAction[]) =>
      simulate({
        ...{ seed: 'any point', accounts: 2, schedule },
        engine: ({ random }) => engineNamed(name, random),
      });

    it.each(points)('a device is brought back before action %i', { timeout: timeoutMs }, async (at) => {
      for (const backUpAt of new Set([0, at])) {
        expect((await play(withRecovery(at, backUpAt))).delivered).toBeGreaterThan(0);
      }
    });

    // What waits in quarantine for a key that nobody accepts lets a week pass.
    it.each(slow ? points : points.slice(0, 1))(
      'an account is reset before action %i',
      { timeout: timeoutMs },
      async (at) => {
        expect((await play(withReset(at))).written).toBeGreaterThan(0);
      },
    );
  },
);
