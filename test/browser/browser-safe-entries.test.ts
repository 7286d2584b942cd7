/** The browser-safe entry points bundle without Node and do their work in a page and in a worker. */
import { describe, expect, it } from 'vitest';
import { browserSafeEntries, entryPoints } from '../../scripts/lib/entry-points.mjs';
import type { CaseResult } from './in-browser/cases.js';
import type { Suites } from './in-browser/page.js';
import { bundleEntry, bundleFile } from './support/bundle.js';
import { withChromium } from './support/chromium.js';
import { servePage } from './support/page-server.js';

/** The storage suite alone has more cases than this. */
const fewestCases = 20;

async function runInBrowser(): Promise<Record<keyof Suites, CaseResult[]>> {
  const script = async (name: string) =>
    (await bundleFile(new URL(`in-browser/${name}.ts`, import.meta.url))).code;
  const server = await servePage({ '/page.js': await script('page'), '/worker.js': await script('worker') });
  try {
    return await withChromium(async (browser) => {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.addScriptTag({ url: '/page.js', type: 'module' });
      const run = async (where: keyof Suites) =>
        page.evaluate((name) => (globalThis as unknown as { suites: Suites }).suites[name](), where);
      return { page: await run('page'), worker: await run('worker') };
    });
  } finally {
    await server.close();
  }
}

describe('bundles for browsers', () => {
  it.each(browserSafeEntries().map(({ specifier }) => specifier))(
    '%s needs no Node built-in',
    async (specifier) => {
      expect((await bundleEntry(specifier)).nodeBuiltins).toEqual([]);
    },
  );

  it('would notice a Node built-in', async () => {
    const nodeOnly = entryPoints().find(({ path }) => path === './storage/level');
    expect((await bundleEntry(nodeOnly?.specifier ?? '')).nodeBuiltins).not.toEqual([]);
  });
});

// Run before the tests are collected, so that each case of the page and of the worker is a test by itself.
const results = await runInBrowser();

describe.each(Object.entries(results))('in a %s', (_, cases) => {
  it('runs all cases', () => expect(cases.length).toBeGreaterThan(fewestCases));
  it.each(cases.map(({ name, error }) => [name, error]))('%s', (_, error) => expect(error).toBeUndefined());
});
