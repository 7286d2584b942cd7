/** Opens a page of this bench in a headless Chromium, and gives its sides to the harness. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from '../../../scripts/lib/find-programs.mjs';
import type { Side } from '../../harness.js';
import type { PageBench } from './in-page.js';

declare const bench: PageBench;

/** A page that is open. */
export interface BenchPage {
  /** The side of that name, about to run a script. */
  readonly side: (script: string, name: string) => Promise<Side>;
  readonly close: () => Promise<void>;
}

const html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Bench</title>';

/** Isolated pages have a clock of 5 µs, others one of 100. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--js-flags=--expose-gc',
];

async function bundlePage(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@sotto/source'],
    logLevel: 'silent',
  });
  return (outputFiles[0] as { text: string }).text;
}

async function serve(script: string) {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (request.url === '/') response.setHeader('content-type', 'text/html').end(html);
    else if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function launch() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium found: set SOTTO_CHROMIUM');
  const profile = await mkdtemp(path.join(tmpdir(), 'sotto-bench-'));
  const env = { ...process.env, HOME: profile };
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: browserFlags,
    env,
  });
  return {
    browser,
    stop: async () => {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The script's side in the page: Node says when and how often, the page says how long it took. */
async function remoteSide(page: Page, script: string, side: string): Promise<Side> {
  const id = await page.evaluate(([name, maker]) => bench.prepare(name, maker), [script, side] as const);
  return async (count) => {
    await page.evaluate(([which, times]) => bench.getReady(which, times), [id, count] as const);
    return () => page.evaluate((which) => bench.work(which), id);
  };
}

/** Bundles a file of this folder and opens it as a page, in a browser of its own. */
export async function openBenchPage(file: string): Promise<BenchPage> {
  const started: (() => unknown)[] = [];
  const close = async () => {
    for (const stop of started.splice(0).reverse()) await stop();
  };
  try {
    const server = await serve(await bundlePage(file));
    started.push(server.stop);
    const launched = await launch();
    started.push(launched.stop);
    const page = await launched.browser.newPage();
    await page.goto(server.url);
    await page.addScriptTag({ type: 'module', url: '/page.js' });
    await page.waitForFunction(() => 'bench' in globalThis);
    return { side: (script, name) => remoteSide(page, script, name), close };
  } catch (error) {
    await close();
    throw error;
  }
}
