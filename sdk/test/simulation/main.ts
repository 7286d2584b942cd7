/**
 * `npm run simulate -- [SEED...] [--runs N] [--length N]`: plays seeds, fresh ones if none is named, and
 * prints each. A seed that breaks is printed with how to play it again, and the rest goes on.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { defaultLength, simulate } from './simulate.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20' },
    length: { type: 'string', default: String(defaultLength) },
  },
});
const runs = Number(values.runs);
const length = Number(values.length);
if (!Number.isInteger(runs) || !Number.isInteger(length) || runs < 1 || length < 1) {
  console.error('--runs and --length are whole numbers from 1');
  process.exit(2);
}
const seeds =
  positionals.length > 0 ? positionals : Array.from({ length: runs }, () => randomBytes(6).toString('hex'));

let broken = 0;
for (const seed of seeds) {
  try {
    const { orderly, messageKeys } = await simulate(seed, length);
    console.log(`${seed} holds (${messageKeys} message keys, ${orderly ? 'orderly' : 'wild'} network)`);
  } catch (error) {
    broken += 1;
    console.error(error);
  }
}
console.log(`${seeds.length - broken} passed, ${broken} failed`);
process.exitCode = broken > 0 ? 1 : 0;
