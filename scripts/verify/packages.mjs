/**
 * The packages as their users get them: packed, judged by publint and attw, installed from the
 * tarballs into an empty folder, imported, compiled against and bundled for the browser.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build as bundle } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { browserSafeEntries, entryPoints } from '../lib/entry-points.mjs';
import { compiledPrograms, installed, packed } from '../lib/packed-packages.mjs';
import { run, runTool } from '../lib/run.mjs';

/** What publint says of the packed files. */
export async function checkPublint() {
  const tarballs = await packed();
  const problems = [];
  for (const [folder, tarball] of Object.entries(tarballs)) {
    const data = readFileSync(tarball);
    const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    problems.push(
      ...messages.map((message) => `${folder}: ${formatMessage(message, pkg, { color: false })}`),
    );
  }
  return problems;
}

/** Whether the types that TypeScript finds are those of the code that Node finds. */
export async function checkTypesWrong() {
  const problems = [];
  for (const tarball of Object.values(await packed())) {
    const { ok, output } = await runTool('attw', [
      tarball,
      '--profile',
      'esm-only',
      '--no-color',
      '--no-emoji',
      '--format',
      'ascii',
    ]);
    if (!ok) problems.push(output);
  }
  return problems;
}

const importScript = `
const names = JSON.parse(process.argv[1]);
const modules = {};
for (const name of names) {
  modules[name] = await import(name);
  if (Object.keys(modules[name]).length === 0) throw new Error(name + ' exports nothing');
  const file = import.meta.resolve(name);
  if (!file.includes('/dist/')) throw new Error(name + ' resolves to ' + file);
}
// One class however many entry points: an error of one is an error of all.
const { SottoError } = modules['@sotto/sdk'];
for (const [name, module] of Object.entries(modules)) {
  if (name.startsWith('@sotto/sdk') && module.SottoError && module.SottoError !== SottoError)
    throw new Error(name + ' has a SottoError of its own');
}
const storage = modules['@sotto/sdk/storage/memory'].memoryStorage();
await storage.acquire();
await storage.close();
const error = await storage.get(['a']).then(() => undefined, (reason) => reason);
if (!(error instanceof SottoError)) throw new Error('storage/memory throws another SottoError than the main entry exports');
`;

/** Every subpath can be imported by Node from the installed package. */
export async function checkImports() {
  const folder = await installed();
  const names = [...entryPoints().map(({ specifier }) => specifier), '@sotto/relay'];
  const args = ['--input-type=module', '--eval', importScript, JSON.stringify(names)];
  const { ok, output } = await run(process.execPath, args, { cwd: folder });
  return ok ? [] : [output];
}

/** The strict programs that use the packages compile, under both ways of resolving modules in use today, and run. */
export async function checkConsumer() {
  const { folder, programs } = await compiledPrograms();
  const { ok, output } = await run(process.execPath, [join(programs, 'consumer.js')], { cwd: folder });
  return ok ? [] : [`the compiled program failed:\n${output}`];
}

async function bundleEntry(folder, specifier) {
  const contents = `import * as entry from ${JSON.stringify(specifier)}; globalThis.entry = entry;`;
  try {
    await bundle({
      stdin: { contents, resolveDir: folder, sourcefile: 'page.js' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    });
    return [];
  } catch (error) {
    return [`${specifier}: ${error.message}`];
  }
}

/** The browser-safe entry points bundle for a browser without help: no Node built-in is left in them. */
export async function checkBundles() {
  const folder = await installed();
  const results = await Promise.all(
    browserSafeEntries().map(({ specifier }) => bundleEntry(folder, specifier)),
  );
  return results.flat();
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks until the relay is ready or gone, a minute at most. */
async function isReady(url, child) {
  const deadlineMs = performance.now() + 60_000;
  while (performance.now() < deadlineMs && child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.ok) return true;
    await setTimeout(100);
  }
  return false;
}

/** The installed command serves, and ends by itself when asked to. */
export async function checkRelayCommand() {
  const folder = await installed();
  const port = await freePort();
  const env = { ...process.env, SOTTO_PORT: String(port), SOTTO_DATA: join(folder, 'relay-data') };
  const child = spawn(join(folder, 'node_modules', '.bin', 'sotto-relay'), {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  const ready = await isReady(`http://127.0.0.1:${port}/readyz`, child);
  child.kill('SIGTERM');
  const end = await Promise.race([ended, setTimeout(30_000, 'late', { ref: false })]);
  if (end === 'late') child.kill('SIGKILL');
  if (!ready) return [`sotto-relay did not become ready:\n${output}`];
  return end === 0 ? [] : [`sotto-relay ended with ${end} after SIGTERM:\n${output}`];
}
