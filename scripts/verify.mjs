/**
 * Every check that needs no running relay, a line each; all of them run, even when one fails. Two at a
 * time, as most are one process that does not wait.
 * `node scripts/verify.mjs [name ...]` runs only the named ones.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkApiReports } from './verify/api-reports.mjs';
import { checkDocs } from './verify/docs-compile.mjs';
import { checkBundlers } from './verify/bundlers.mjs';
import {
  checkBundles,
  checkConsumer,
  checkImports,
  checkPublint,
  checkRelayCommand,
  checkTypesWrong,
} from './verify/packages.mjs';
import { checkSecurityTests } from './verify/security-tests.mjs';
import { checkRuntimes } from './verify/runtimes.mjs';
import { checkSizes } from './verify/sizes.mjs';
import { checkLicenceCopies, checkLockFile, checkTrackedFiles } from './verify/tracked-files.mjs';
import { root, run, runTool, sourceFlags } from './lib/run.mjs';

/** A check that is a command: what it prints is what is wrong. */
const command = (name, args) => async () => {
  const { ok, output } = await runTool(name, args);
  return ok ? [] : [output];
};

const generatedDocs = async () => {
  const { ok, output } = await run(process.execPath, [...sourceFlags, 'scripts/generate-docs.ts', '--check']);
  return ok ? [] : [output];
};

const cruised = ['sdk', 'server', 'examples', 'bench', 'scripts', 'test', 'test-vectors'].filter((folder) =>
  existsSync(join(root, folder)),
);

/** Name and check; a check returns what is wrong, or `{ problems, facts }` when it has something to tell besides. */
const steps = {
  types: command('tsc', ['-p', '.', '--pretty', 'false']),
  'types of components': command('vue-tsc', ['-p', 'examples/messenger', '--pretty', 'false']),
  lint: command('eslint', ['.', '--max-warnings=0']),
  format: command('prettier', ['--check', '--log-level=warn', '.']),
  'dead exports': command('knip', ['--no-progress']),
  'import directions': command('depcruise', ['--config', '.dependency-cruiser.js', ...cruised]),
  'API reports': checkApiReports,
  'generated documents': generatedDocs,
  'documents compile': checkDocs,
  'security tests': checkSecurityTests,
  'lock file': checkLockFile,
  'tracked files': checkTrackedFiles,
  'licence copies': checkLicenceCopies,
  'packages: publint': checkPublint,
  'packages: types': checkTypesWrong,
  'packages: imports': checkImports,
  'packages: consumer': checkConsumer,
  'packages: bundles': checkBundles,
  'packages: bundlers': checkBundlers,
  'packages: runtimes': checkRuntimes,
  'packages: relay command': checkRelayCommand,
  sizes: checkSizes,
};

async function runStep(name) {
  const startedAtMs = performance.now();
  let outcome;
  try {
    outcome = await steps[name]();
  } catch (error) {
    outcome = [error instanceof Error ? error.message : String(error)];
  }
  const { problems, facts } = Array.isArray(outcome) ? { problems: outcome, facts: [] } : outcome;
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  for (const line of [...facts, ...problems]) console.log(line.trimEnd().replaceAll(/^/gm, '       '));
  return problems.length === 0;
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`unknown check: ${unknown.join(', ')} (there are ${Object.keys(steps).join(', ')})`);
  process.exit(2);
}

const maxAtOnce = 2;
let passed = 0;
const selected = named.length > 0 ? named : Object.keys(steps);
const waiting = [...selected];

async function work() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (await runStep(name)) passed += 1;
  }
}

await Promise.all(Array.from({ length: maxAtOnce }, work));
console.log(`${passed} passed, ${selected.length - passed} failed`);
process.exitCode = passed === selected.length ? 0 : 1;
