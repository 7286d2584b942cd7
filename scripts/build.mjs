/**
 * Builds the packages and the examples into their `dist`. With `--if-needed` a package is skipped when nothing that
 * goes into it has changed since its last build: a hash of the inputs lies beside the output.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, runTool } from './lib/run.mjs';

const tsup = ['tsup', '--silent'];
const vite = ['vite', 'build', '--logLevel=warn'];

/** In order: the declarations of the relay are made from those of the SDK. The examples have none. */
const packages = [
  { folder: 'sdk', inputs: [], tool: tsup },
  { folder: 'server', inputs: ['sdk'], tool: tsup },
  { folder: 'examples/terminal-chat', inputs: ['sdk'], tool: tsup },
  { folder: 'examples/echo-bot', inputs: ['sdk'], tool: tsup },
  { folder: 'examples/messenger', inputs: ['sdk', 'examples/vue-composables'], tool: vite },
];

const sharedInputs = ['package-lock.json', 'tsconfig.json', 'scripts/build.mjs'];

function* filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

function* inputFiles(folder) {
  const files = ['package.json', 'tsup.config.ts', 'tsconfig.build.json', 'vite.config.ts', 'index.html'];
  yield* files.map((name) => join(root, folder, name)).filter((file) => existsSync(file));
  for (const name of ['src', 'build', 'public']) {
    if (existsSync(join(root, folder, name))) yield* filesBelow(join(root, folder, name));
  }
}

function hashInputs({ folder, inputs }) {
  const hash = createHash('sha256').update(process.version);
  const files = [
    ...sharedInputs.map((name) => join(root, name)),
    ...[...inputs, folder].flatMap((name) => [...inputFiles(name)]),
  ];
  for (const file of files)
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function isFresh(stamp, hash) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

async function buildPackage(entry, { ifNeeded }) {
  const stamp = join(root, entry.folder, 'dist', '.inputs.sha256');
  const hash = hashInputs(entry);
  if (ifNeeded && isFresh(stamp, hash)) return true;
  rmSync(stamp, { force: true });
  process.stderr.write(`building ${entry.folder}\n`);
  const [name, ...args] = entry.tool;
  const { ok, output } = await runTool(name, args, { cwd: join(root, entry.folder) });
  if (ok) writeFileSync(stamp, hash);
  else process.stderr.write(`building ${entry.folder} failed:\n${output}`);
  return ok;
}

async function buildAll({ ifNeeded = false }) {
  for (const entry of packages) {
    if (!(await buildPackage(entry, { ifNeeded }))) return false;
  }
  return true;
}

/** Whoever asks while a build is under way waits for it, and then finds things fresh. */
let last = Promise.resolve(true);

/**
 * Builds the packages in order and stops at the first that fails.
 * @param {{ ifNeeded?: boolean }} [options]
 * @returns {Promise<boolean>} Whether every package is built.
 */
export function build(options = {}) {
  last = last.then(() => buildAll(options));
  return last;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await build({ ifNeeded: process.argv.includes('--if-needed') })) ? 0 : 1;
}
