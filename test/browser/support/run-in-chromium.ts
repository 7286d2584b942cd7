/** Runs test files in Chromium, on the main thread and in a dedicated worker, and brings their results to Node. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { TestResult } from '../in-browser/run-tests.js';
import type { PageTests } from '../in-browser/scope.js';
import { bundleTests } from './bundle.js';
import { withChromium } from '../../../scripts/lib/chromium.mjs';
import { servePage, type TextHandler } from './page-server.js';

type Scope = keyof PageTests;
type Results = Readonly<Record<Scope, readonly TestResult[]>>;

/** How long all tests of a page may take: ten times what they take. */
const runTimeoutMs = 600_000;

/** What to run. */
export interface BrowserRun {
  /** Absolute paths of test files that run in both scopes. */
  readonly files: readonly string[];
  /** Of such that run in one alone: code that uses nothing of its surroundings does the same in both. */
  readonly only?: Readonly<Record<Scope, readonly string[]>>;
  /** Answers what the tests ask of Node, by socket event. */
  readonly handlers?: Readonly<Record<string, TextHandler>>;
}

async function openPage(browser: BrowserContext, url: string): Promise<Page> {
  const page = await browser.newPage();
  // What a test prints, a seed or a tally, is shown where Node's tests show theirs.
  page.on('console', (message) => console.log(message.text()));
  page.on('pageerror', (error) => console.log(error.stack));
  await page.goto(url);
  await page.addScriptTag({ url: '/tests.js', type: 'module' });
  return page;
}

async function runIn(page: Page, scope: Scope): Promise<readonly TestResult[]> {
  const results = page.evaluate(
    (name) => (globalThis as unknown as { tests: PageTests }).tests[name](),
    scope,
  );
  // Each test has a limit of its own; this is for a page that never gets to one.
  const late = sleep(runTimeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`the tests in a ${scope} did not end within ${runTimeoutMs} ms`);
  });
  return Promise.race([results, late]);
}

/** What the tests find in `process.env`: what repeats a run. */
function environment(): Readonly<Record<string, string>> {
  const seed = process.env['SOTTO_SEED'];
  return seed === undefined ? {} : { SOTTO_SEED: seed };
}

async function collect({ files, only, handlers = {} }: BrowserRun): Promise<Results> {
  const filesByScope = {
    page: [...files, ...(only?.page ?? [])],
    worker: [...files, ...(only?.worker ?? [])],
  };
  const { code, nodeBuiltins } = await bundleTests(filesByScope, environment());
  if (nodeBuiltins.length > 0) throw new Error(`the tests ask for ${nodeBuiltins.join(', ')}`);
  const server = await servePage({ '/tests.js': code }, handlers);
  try {
    return await withChromium(async (browser) => {
      // A page each: the worker of a page that is busy would still run, but what it prints would wait.
      const pages = [await openPage(browser, server.url), await openPage(browser, server.url)] as const;
      const [page, worker] = await Promise.all([runIn(pages[0], 'page'), runIn(pages[1], 'worker')]);
      return { page, worker };
    });
  } finally {
    await server.close();
  }
}

/**
 * Declares a test for each test of the files in each scope. They run before the tests are collected, so
 * that each can be a test of its own.
 * @param fewest - how many each scope must have run at least
 */
export async function declareBrowserTests(
  run: BrowserRun,
  fewest: number | Readonly<Record<Scope, number>>,
): Promise<void> {
  const results = await collect(run);
  describe.each(Object.entries(results))('in a %s', (scope, tests) => {
    const least = typeof fewest === 'number' ? fewest : fewest[scope as Scope];
    it('runs all tests', () => expect(tests.length).toBeGreaterThanOrEqual(least));
    for (const { name, error } of tests) it(name, () => expect(error).toBeUndefined());
  });
}
