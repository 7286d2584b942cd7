/**
 * `npm run simulate -- [--seed S] [--steps N] [--accounts K] [--engine portable|libsignal] [--fault NAME=WEIGHT...]`:
 * plays a seed, a fresh one if none is named, in worlds of a thousand steps. Where one breaks, it prints the
 * seed, what happened around it and how to play it again, and ends with 1.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { defaultFaultWeights, type FaultWeights } from '../../src/testing/simulation/actions.js';
import { playWorlds, stepsPerWorld } from './worlds.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: randomBytes(6).toString('hex') },
    steps: { type: 'string', default: String(stepsPerWorld) },
    accounts: { type: 'string', default: '3' },
    engine: { type: 'string', default: 'portable' },
    fault: { type: 'string', multiple: true, default: [] },
  },
});

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) fail(`${text} is no whole number from 1`);
  return number;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function faultsOf(settings: readonly string[]): FaultWeights {
  return Object.fromEntries(
    settings.map((setting) => {
      const [name, weight] = setting.split('=') as [string, string?];
      if (!(name in defaultFaultWeights) || !(Number(weight) >= 0)) {
        fail(`--fault NAME=WEIGHT, with a name of ${Object.keys(defaultFaultWeights).join(', ')}`);
      }
      return [name, Number(weight)];
    }),
  );
}

if (values.engine !== 'portable' && values.engine !== 'libsignal') fail('--engine is portable or libsignal');
const ok = await playWorlds({
  seed: values.seed,
  steps: wholeNumber(values.steps),
  accounts: wholeNumber(values.accounts),
  engine: values.engine,
  faults: faultsOf(values.fault),
  say: console.log,
}).then(
  () => true,
  () => false,
);
process.exitCode = ok ? 0 : 1;
