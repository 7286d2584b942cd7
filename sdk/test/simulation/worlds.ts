/** Long simulations as worlds one after another, each with a seed of its own: whatever breaks can be played again in seconds. */
import { engineNamed, type EngineName } from '../support/engines.js';
import type { FaultWeights } from '../../src/testing/simulation/actions.js';
import { simulate, SimulationFailure, type SimulationReport } from '../../src/testing/simulation/simulate.js';
import type { TestEngine } from '../../src/testing/network/test-engines.js';

/** A world's past weighs on it: this many steps are about ten seconds. */
export const stepsPerWorld = 2_000;

/** What to play. */
export interface WorldsInput {
  /** The first world has this seed, the others `SEED/2` and so on. */
  readonly seed: string;
  readonly steps: number;
  readonly accounts?: number;
  readonly engine: EngineName;
  readonly faults?: FaultWeights;
  readonly say?: (line: string) => void;
}

/** Plays worlds. @throws SimulationFailure, after saying how to play it again */
export async function playWorlds(input: WorldsInput): Promise<SimulationReport[]> {
  const { seed, steps, accounts = 3, faults = {}, say = () => undefined } = input;
  const engine: TestEngine = ({ random }) => engineNamed(input.engine, random);
  const reports: SimulationReport[] = [];
  for (let played = 0; played < steps; played += stepsPerWorld) {
    const worldSeed = played === 0 ? seed : `${seed}/${played / stepsPerWorld + 1}`;
    const worldSteps = Math.min(stepsPerWorld, steps - played);
    const start = performance.now();
    try {
      const report = await simulate({ seed: worldSeed, steps: worldSteps, accounts, engine, faults });
      reports.push(report);
      say(`${describe(report)}; ${((performance.now() - start) / worldSteps).toFixed(1)} ms a step`);
    } catch (error) {
      if (error instanceof SimulationFailure) {
        for (const line of error.around) say(line);
        say(`${error.stack}\n${String((error.cause as Error | undefined)?.stack)}`);
        const weights = Object.entries(faults).map(([name, weight]) => ` --fault ${name}=${weight}`);
        const world = `--seed ${worldSeed} --steps ${worldSteps} --accounts ${accounts} --engine ${input.engine}`;
        say(`Play it again: npm run simulate -- ${world}${weights.join('')}`);
      }
      throw error;
    }
  }
  return reports;
}

function describe(report: SimulationReport): string {
  const { seed, written, delivered, failed, undecryptable, messageKeys, exchanges } = report;
  const reasons = JSON.stringify({ failed, undecryptable });
  return `${seed} holds: ${delivered} of ${written} messages delivered, ${reasons}, ${messageKeys} keys, sessions in ${exchanges}`;
}
