/**
 * The packed SDK under the bundlers that applications use, each without a configuration: a program of two
 * people on the portable engine is bundled, and runs in Chromium and, where its form is one for Node too, there.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';
import { withChromium } from '../lib/chromium.mjs';
import { findChromium, isRequired } from '../lib/find-programs.mjs';
import { compiledPrograms } from '../lib/packed-packages.mjs';
import { run } from '../lib/run.mjs';
import { serveFolder } from '../lib/static-server.mjs';

/** How long the program may take in a page: it takes a second. */
const pageTimeoutMs = 60_000;

const noBrowser = 'skipped in Chromium: none found';

/** What the program says when all went well. */
const success = /^sotto: exchanged messages, and \d{2,} vectors are right$/m;

const page = (script) =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Sotto</title>${script}\n`;

/**
 * A bundler: makes a page in `output` from the program in `source`.
 * @typedef {{ source: string, output: string }} Project
 * @typedef {{ name: string, make: (project: Project) => Promise<string[]>, script?: string, inNode?: string }} Bundler
 * `make` returns what the bundler warns of; `script` is the tag of a page it does not make itself; `inNode`
 * is the file that Node can run too.
 */

/** @type {readonly Bundler[]} */
const bundlers = [
  {
    name: 'esbuild',
    script: '<script src="bundle.js"></script>',
    inNode: 'bundle.js',
    async make({ source, output }) {
      const { warnings } = await esbuild.build({
        absWorkingDir: source,
        entryPoints: ['portable.js'],
        bundle: true,
        outfile: join(output, 'bundle.js'),
        logLevel: 'silent',
      });
      return warnings.map(({ text }) => text);
    },
  },
  {
    name: 'rollup',
    script: '<script type="module" src="bundle.js"></script>',
    inNode: 'bundle.js',
    async make({ source, output }) {
      const warnings = [];
      const bundle = await rollup({
        input: join(source, 'portable.js'),
        plugins: [nodeResolve()],
        onwarn: (warning) => {
          if (isOurs(warning)) warnings.push(warning.message);
        },
      });
      // A folder: what is loaded when it is needed is in files of its own.
      await bundle.write({ dir: output, entryFileNames: 'bundle.js' });
      await bundle.close();
      return warnings;
    },
  },
  {
    name: 'webpack',
    // Made for a page, it finds its other files there alone.
    script: '<script src="bundle.js"></script>',
    async make({ source, output }) {
      const compiler = webpack({
        mode: 'production',
        context: source,
        entry: './portable.js',
        output: { path: output, filename: 'bundle.js' },
        // What weighs how much is judged in sizes.mjs.
        performance: { hints: false },
      });
      const stats = await new Promise((resolve, reject) =>
        compiler.run((error, result) => (error ? reject(error) : resolve(result))),
      );
      await new Promise((resolve) => compiler.close(resolve));
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
      return [...errors, ...warnings].map(({ message }) => message);
    },
  },
  {
    name: 'vite',
    async make({ source, output }) {
      const { logger, warnings } = collectingLogger();
      await vite.build({
        root: source,
        configFile: false,
        customLogger: logger,
        logLevel: 'warn',
        build: { outDir: output, emptyOutDir: true },
      });
      return warnings;
    },
  },
];

/** Rollup remarks on comments and cycles in the packages that the SDK stands on; they are not ours to change. */
function isOurs({ code, id, ids = [] }) {
  const remark = code === 'INVALID_ANNOTATION' || code === 'CIRCULAR_DEPENDENCY';
  return !remark || [id, ...ids].some((path) => path?.includes('@sotto'));
}

function collectingLogger() {
  const warnings = [];
  const collect = (message) => warnings.push(message);
  const logger = { ...vite.createLogger('silent'), warn: collect, warnOnce: collect, error: collect };
  return { logger, warnings };
}

/** A folder with the program and a page for it, below the folder where the packages are installed. */
function projectFor({ folder, programs }, name) {
  const source = join(folder, 'bundlers', name);
  const output = join(source, 'out');
  mkdirSync(output, { recursive: true });
  for (const file of ['portable.js', 'vectors.js']) copyFileSync(join(programs, file), join(source, file));
  writeFileSync(join(source, 'index.html'), page('<script type="module" src="/portable.js"></script>'));
  return { source, output };
}

/** What the page's program says, or why it says nothing. */
async function sayingOf(browser, url) {
  const tab = await browser.newPage();
  const failures = [];
  tab.on('pageerror', (error) => failures.push(error.stack ?? error.message));
  tab.on('console', (message) => {
    if (message.type() === 'error') failures.push(message.text());
  });
  const said = tab.waitForEvent('console', {
    predicate: (message) => message.text().startsWith('sotto'),
    timeout: pageTimeoutMs,
  });
  try {
    const [message] = await Promise.all([said, tab.goto(url)]);
    return message.text();
  } catch (error) {
    return [...failures, error.message].join('\n');
  } finally {
    await tab.close();
  }
}

const problemsOf = (what, saying) => (success.test(saying) ? [] : [`${what}: ${saying.trim() || 'nothing'}`]);

async function checkInNode({ name, inNode }, { source, output }) {
  if (!inNode) return [];
  const result = await run(process.execPath, [join(output, inNode)], { cwd: source });
  return problemsOf(`${name}, in Node`, result.output);
}

async function checkInBrowser(browser, { name }, { output }) {
  const server = await serveFolder(output);
  try {
    return problemsOf(`${name}, in Chromium`, await sayingOf(browser, server.url));
  } finally {
    await server.close();
  }
}

/** Vite's development server bundles nothing but the packages, and those by another way. */
async function checkViteServer(browser, programs) {
  const { source } = projectFor(programs, 'vite-server');
  const { logger, warnings } = collectingLogger();
  const server = await vite.createServer({
    root: source,
    configFile: false,
    customLogger: logger,
    server: { host: '127.0.0.1', port: 0 },
  });
  try {
    await server.listen();
    const saying = await sayingOf(browser, server.resolvedUrls.local[0]);
    return [...warnings, ...problemsOf('vite’s server, in Chromium', saying)];
  } finally {
    await server.close();
  }
}

async function inChromium(bundled, programs) {
  return withChromium(async (browser) => {
    const problems = [];
    for (const { bundler, project } of bundled)
      problems.push(...(await checkInBrowser(browser, bundler, project)));
    problems.push(...(await checkViteServer(browser, programs)));
    return problems;
  });
}

/** Bundles the program, runs it in Node, and puts a page beside it. */
async function bundleProgram(bundler, programs) {
  const project = projectFor(programs, bundler.name);
  const startedAtMs = performance.now();
  const warnings = await bundler.make(project).catch((error) => [error.message]);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  if (bundler.script) writeFileSync(join(project.output, 'index.html'), page(bundler.script));
  const problems =
    warnings.length > 0
      ? warnings.map((warning) => `${bundler.name}: ${warning}`)
      : await checkInNode(bundler, project);
  return { bundler, project, problems, fact: `${bundler.name}: bundled in ${seconds} s` };
}

/** @returns {Promise<{ problems: string[], facts: string[] }>} What is wrong, and what could not be seen. */
export async function checkBundlers() {
  const programs = await compiledPrograms();
  const bundled = [];
  for (const bundler of bundlers) bundled.push(await bundleProgram(bundler, programs));
  const problems = bundled.flatMap((each) => each.problems);
  const facts = bundled.map(({ fact }) => fact);
  if (problems.length > 0) return { problems, facts };
  if (findChromium() === undefined) (isRequired('browser') ? problems : facts).push(noBrowser);
  else problems.push(...(await inChromium(bundled, programs)));
  return { problems, facts };
}
