/**
 * Runs the test lanes and prints one true total: the fast suites always, `browser` and `services`
 * where their programs are installed. `SOTTO_REQUIRE=browser,services` makes absence a failure.
 *
 * `node scripts/test.mjs [fast] [browser] [services] [soak] [soak-services]`; without a name: fast, browser, services.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { findChromium, findPostgres, findRedis, isRequired } from './lib/find-programs.mjs';
import { root, runTool } from './lib/run.mjs';
import { addTallies, describeTally } from './lib/tally.mjs';

const resultsFolder = join(root, 'temp', 'test-results');

const fast = { config: 'vitest.config.ts', programs: {} };
const services = {
  config: 'vitest.services.config.ts',
  programs: { 'PostgreSQL (pg_config or PATH)': findPostgres, 'redis-server (PATH)': findRedis },
};
const slowly = { env: { SLOW: '1' }, flags: ['--testTimeout=3600000'] };

/** What a lane runs, and which installed programs it cannot do without. */
const lanes = {
  fast,
  browser: {
    config: 'vitest.browser.config.ts',
    programs: { 'Chromium (SOTTO_CHROMIUM or PATH)': findChromium },
  },
  services,
  // Many more random runs, with fresh seeds; for machines with time, never for CI.
  soak: { ...fast, ...slowly },
  'soak-services': { ...services, ...slowly },
};

const nothing = { passed: 0, failed: 0, skipped: 0 };

/** A file that could not even be loaded has no tests to count, and is one failure. */
function countFile(file) {
  const tests = file.assertionResults;
  const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  const failed = count('failed');
  return {
    passed: count('passed'),
    failed: failed === 0 && file.status === 'failed' ? 1 : failed,
    skipped: count('skipped', 'pending', 'todo', 'disabled'),
  };
}

function countReport(path, exitedWell) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { ...nothing, failed: 1 };
  }
  const tally = addTallies(report.testResults.map(countFile));
  // An unhandled rejection, or no test at all, fails a run without failing a test.
  return !exitedWell && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

function skip(name, missing) {
  const required = isRequired(name);
  console.log(`test:${name} ${required ? 'FAILED' : 'skipped'}: ${missing.join(' and ')} not found`);
  return required ? { ...nothing, failed: 1 } : { ...nothing, skipped: 1 };
}

async function runLane(name) {
  const { config, programs, env = {}, flags = [] } = lanes[name];
  const missing = Object.keys(programs).filter((program) => programs[program]() === undefined);
  if (missing.length > 0) return skip(name, missing);
  const report = join(resultsFolder, `${name}.json`);
  rmSync(report, { force: true });
  const args = [
    'run',
    '--config',
    config,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { ok } = await runTool('vitest', [...args, ...flags], {
    inherit: true,
    env: { ...process.env, ...env },
  });
  return countReport(report, ok);
}

async function runLanes(names) {
  mkdirSync(resultsFolder, { recursive: true });
  if (!(await build({ ifNeeded: true }))) return [{ ...nothing, failed: 1 }];
  const tallies = [];
  for (const name of names) tallies.push(await runLane(name));
  return tallies;
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in lanes));
if (unknown.length > 0) {
  console.error(`unknown lane: ${unknown.join(', ')} (there are ${Object.keys(lanes).join(', ')})`);
  process.exit(2);
}
const total = addTallies(await runLanes(named.length > 0 ? named : ['fast', 'browser', 'services']));
console.log(describeTally(total));
process.exitCode = total.failed > 0 ? 1 : 0;
