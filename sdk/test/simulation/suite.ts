/** The simulation's tests of one engine; each engine has a file of its own, so that they run beside each other. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/testing/simulation/simulate.js';
import { engineNamed, type EngineName } from '../support/engines.js';
import { corpus } from './corpus.js';
import { playWorlds, stepsPerWorld } from './worlds.js';

/** Steps in all of the worlds that are played every time. */
const stepsEveryTime = 20_000;
/** A slow machine with much else to do plays a world in less. */
const worldTimeoutMs = 180_000;
const soakTimeoutMs = 12 * 60 * 60 * 1000;

/** @param soakSteps - played from a fresh seed under `SLOW=1`, unless `SIMULATION_STEPS` says how many */
export function simulationSuite(engine: EngineName, soakSteps: number): void {
  const worlds = Array.from(
    { length: stepsEveryTime / stepsPerWorld },
    (_, index) => `every time ${index + 1}`,
  );

  describe(`simulated worlds on ${engine}`, () => {
    it.each(corpus.filter((entry) => (entry.engine ?? engine) === engine))(
      'hold: $why',
      { timeout: worldTimeoutMs },
      async ({ seed, steps, accounts, faults = {} }) => {
        const maker = ({ random }: { random: Parameters<typeof engineNamed>[1] }) =>
          engineNamed(engine, random);
        const report = await simulate({ seed, steps, accounts, faults, engine: maker });
        expect(report.delivered).toBeGreaterThan(0);
      },
    );

    it.each(worlds)('lose nothing and do nothing twice: %s', { timeout: worldTimeoutMs }, async (seed) => {
      const [report] = await playWorlds({ seed, steps: stepsPerWorld, engine });
      // Fewer would mean that the weather keeps everybody from writing.
      expect(report?.delivered).toBeGreaterThan(stepsPerWorld / 4);
      expect(report?.messageKeys).toBeGreaterThan(report?.delivered ?? 0);
    });

    if (process.env['SLOW'] === '1') {
      it('hold from a fresh seed', { timeout: soakTimeoutMs }, async () => {
        const seed = randomBytes(6).toString('hex');
        const steps = Number(process.env['SIMULATION_STEPS'] ?? soakSteps);
        console.log(`simulation on ${engine}: seed ${seed}, ${steps} steps`);
        await playWorlds({ seed, steps, engine, say: console.log });
      });
    }
  });
}
