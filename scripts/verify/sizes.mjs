/**
 * What the SDK weighs in a page: each entry point of the built package, and what a messenger in a browser is
 * put together from, bundled and minified by esbuild and compressed by brotli, against a limit of its own.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build as bundle } from 'esbuild';
import { build } from '../build.mjs';
import { browserSafeEntries } from '../lib/entry-points.mjs';
import { root } from '../lib/run.mjs';

/**
 * The limits. An entry point counts with everything that it exports, so a page that uses less weighs less.
 * Whoever raises one says here what is had for it.
 * @type {readonly { name: string, maxKib: number, reason: string, code?: string, whole?: boolean }[]}
 */
const limits = [
  {
    name: '@sotto/sdk',
    maxKib: 49,
    reason: 'All features without an engine and adapters, recovery among them, and the texts of all errors.',
  },
  {
    name: '@sotto/sdk/engines/portable',
    maxKib: 40,
    // With what it loads for groups and sealed sender when it is asked for it.
    whole: true,
    reason:
      'The protocol, the curve and ML-KEM; a quarter of it are hashes and ciphers of the noble libraries.',
  },
  {
    name: '@sotto/sdk/wire',
    maxKib: 17,
    reason:
      'Every schema, those of recovery among them, the validator, and the tables that documents are made from.',
  },
  {
    name: '@sotto/sdk/verification',
    maxKib: 20,
    reason: 'Curve, hashes and scrypt, the schemas of what is signed, and the validator.',
  },
  { name: '@sotto/sdk/storage/memory', maxKib: 1, reason: 'A map with a fence.' },
  {
    name: '@sotto/sdk/storage/indexeddb',
    maxKib: 5,
    reason: 'Transactions, pages, a fence, a bucket, and what is said of a database that is gone.',
  },
  {
    name: '@sotto/sdk/storage/encrypted',
    maxKib: 13,
    reason:
      'HMAC and scrypt of noble; the ciphers are the platform’s. Looking for a key that is gone, and a rotation that goes on.',
  },
  {
    name: '@sotto/sdk/storage/capacitor',
    maxKib: 4,
    reason: 'A look at the database beside the key, and base64.',
  },
  {
    name: '@sotto/sdk/transport/socket-io',
    maxKib: 15,
    reason: 'The schemas of all operations, and the validator.',
  },
  { name: '@sotto/sdk/transport/memory', maxKib: 15, reason: 'As the other transport; it checks the same.' },
  {
    name: '@sotto/sdk/remote',
    maxKib: 26,
    reason:
      'The schemas of all that crosses a port, the validator, and the codes of all errors with their texts; two KiB of it carry archives, and are loaded when there is one.',
  },
  {
    name: 'a messenger in a browser',
    maxKib: 75,
    reason: 'Without socket.io-client: what a page adds to its own code.',
    code: `
      export { createMessenger } from '@sotto/sdk';
      export { portableEngine } from '@sotto/sdk/engines/portable';
      export { memoryStorage } from '@sotto/sdk/storage/memory';
      export { socketIoTransport } from '@sotto/sdk/transport/socket-io';`,
  },
];

/** On a slow phone connection, some 50 KiB a second, the first screen is there in three seconds. */
const appLimits = { 'the messenger: first load': 150, 'the messenger: worker': 110 };

/** Of the entry points that run in a browser, the one that no page has. */
const unlimited = ['@sotto/sdk/testing'];

async function measureKib({ name, code = `export * from '${name}'`, whole = false }) {
  const { outputFiles, metafile } = await bundle({
    stdin: { contents: code, resolveDir: root, sourcefile: 'page.js' },
    bundle: true,
    minify: true,
    write: false,
    outdir: root,
    format: 'esm',
    // What is loaded when it is asked for is no part of what every page loads.
    splitting: !whole,
    metafile: true,
    platform: 'browser',
    target: 'es2022',
    // Licences of what is bundled go into a file beside it.
    legalComments: 'external',
    // The peers that a browser may need; they are no part of this package.
    external: ['idb-keyval', 'socket.io-client'],
    logLevel: 'silent',
  });
  const first = loadedFirst(metafile.outputs);
  // How a bundler cuts what is loaded at once is its own affair: it is weighed as one.
  const loaded = outputFiles.filter(({ path }) => first.has(path)).map(({ contents }) => contents);
  return compressedKib(Buffer.concat(loaded));
}

/** The paths of the page's file and of all that it, or what it imports, imports at once. */
function loadedFirst(outputs) {
  const pending = Object.keys(outputs).filter((path) => outputs[path].entryPoint?.endsWith('page.js'));
  for (const path of pending) {
    const chunks = outputs[path].imports.filter(
      ({ kind, external }) => kind === 'import-statement' && !external,
    );
    pending.push(...chunks.map((chunk) => chunk.path).filter((chunk) => !pending.includes(chunk)));
  }
  return new Set(pending.map((path) => resolve(path)));
}

function compressedKib(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return brotliCompressSync(bytes, { params }).length / 1024;
}

const appFolder = join(root, 'examples/messenger/dist');

/** The page, and every script and style that it names, or that one of these does before it does anything else. */
function firstFiles(path = 'index.html', found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const text = readFileSync(join(appFolder, path), 'utf8');
  const pattern = path.endsWith('.html')
    ? /(?:src|href)="\/(assets\/[^"]+)"/g
    : /(?:^|[;}])(?:import|export)(?:[^'"`();]*from)?"\.\/([^"]+)"/g;
  for (const [, name] of text.matchAll(pattern)) {
    firstFiles(path.endsWith('.html') ? name : `assets/${name}`, found);
  }
  return found;
}

/** What the messenger weighs: everything that stands between its address and its first screen, and its worker. */
function measureApp() {
  const first = [...firstFiles()];
  const workers = readdirSync(join(appFolder, 'assets')).filter((name) => /^worker-.*\.js$/.test(name));
  const sum = (files) =>
    files.reduce((kib, file) => kib + compressedKib(readFileSync(join(appFolder, file))), 0);
  return [
    { name: 'the messenger: first load', kib: sum(first), files: first.length, least: 3 },
    {
      name: 'the messenger: worker',
      kib: sum(workers.map((name) => `assets/${name}`)),
      files: workers.length,
      least: 1,
    },
  ];
}

function checkApp() {
  const problems = [];
  const facts = [];
  for (const { name, kib, files, least } of measureApp()) {
    const maxKib = appLimits[name];
    facts.push(`${kib.toFixed(2).padStart(6)} KiB of ${maxKib}  ${name} (${files} files)`);
    if (kib > maxKib) problems.push(`${name} weighs ${kib.toFixed(2)} KiB, and may weigh ${maxKib}`);
    if (files < least) problems.push(`${name}: ${files} files were found, which cannot be all`);
  }
  return { problems, facts };
}

/** Each limit has an entry point, and each entry point for browsers a limit. */
function mismatches() {
  const entries = browserSafeEntries().map(({ specifier }) => specifier);
  const known = [...limits.filter(({ code }) => code === undefined).map(({ name }) => name), ...unlimited];
  return [
    ...entries.filter((name) => !known.includes(name)).map((name) => `${name} has no limit`),
    ...known
      .filter((name) => !entries.includes(name))
      .map((name) => `${name} has a limit and is no entry point`),
  ];
}

/** @returns {Promise<{ problems: string[], facts: string[] }>} What is too large, and what everything weighs. */
export async function checkSizes() {
  if (!(await build({ ifNeeded: true }))) return { problems: ['the build failed'], facts: [] };
  const app = checkApp();
  const problems = [...mismatches(), ...app.problems];
  const facts = [];
  for (const limit of limits) {
    const kib = await measureKib(limit);
    facts.push(`${kib.toFixed(2).padStart(6)} KiB of ${String(limit.maxKib).padStart(2)}  ${limit.name}`);
    if (kib > limit.maxKib) {
      problems.push(
        `${limit.name} weighs ${kib.toFixed(2)} KiB, and may weigh ${limit.maxKib}. ${limit.reason}`,
      );
    }
  }
  return { problems, facts: [...facts, ...app.facts] };
}
