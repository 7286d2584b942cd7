/**
 * What create, verify and restore hold in the memory of a page, whatever the length of the history: 20,000 messages,
 * a million under SLOW=1, as in Node (`sdk/test/backup/memory.test.ts`). And Argon2id in a web worker.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChromium } from '../../scripts/lib/chromium.mjs';
import type { BackupMemory } from './in-browser/backup-memory.js';
import { bundleFile } from './support/bundle.js';
import { servePage, type PageServer } from './support/page-server.js';

const messages = process.env['SLOW'] ? 1_000_000 : 20_000;
/** As in Node, and room for what the browser itself keeps of streams and ciphers under way. */
const boundBytes = 32 * 1024 * 1024;
const samples = 10;

/** Of the page: what scripts hold, and the bytes of their buffers. */
interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

type InPage = { readonly backupMemory: BackupMemory };

let server: PageServer;

beforeAll(async () => {
  server = await servePage({
    '/page.js': await bundleFile('backup-memory.ts'),
    '/argon2-worker.js': await bundleFile('../../../sdk/src/backup/argon2-worker.ts'),
  });
});

afterAll(() => server.close());

async function openPage(browser: BrowserContext): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.addScriptTag({ url: '/page.js', type: 'module' });
  await page.waitForFunction(() => 'backupMemory' in globalThis);
  return page;
}

async function heldBytes(browser: BrowserContext, page: Page): Promise<() => Promise<number>> {
  const devtools = await browser.newCDPSession(page);
  return async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize } = (await devtools.send('Runtime.getHeapUsage')) as HeapUsage;
    if (backingStorageSize === undefined) throw new Error('this Chromium does not count buffers');
    return usedSize + backingStorageSize;
  };
}

it(
  `${messages} messages take no more than ${boundBytes / 1024 ** 2} MiB in Chromium`,
  { timeout: 20 * 60_000 },
  async () => {
    const held: number[] = [];
    const count = await withChromium(async (browser) => {
      const page = await openPage(browser);
      const measure = await heldBytes(browser, page);
      await page.exposeFunction('sampleMemory', async () => void held.push(await measure()));
      return page.evaluate(
        ([total, times]) => (globalThis as unknown as InPage).backupMemory.run(total, times),
        [messages, samples] as const,
      );
    });
    expect(count).toBe(messages);
    const [baseline = 0, ...during] = held;
    expect(during).toHaveLength(samples);
    const peak = Math.max(...during) - baseline;
    console.log(`held at most ${(peak / 1024 ** 2).toFixed(1)} MiB over ${messages} messages`);
    expect(peak).toBeLessThan(boundBytes);
  },
);

it('Argon2id is derived in a web worker, and done without where its file is not', async () => {
  const derived = await withChromium(async (browser) => {
    const page = await openPage(browser);
    return page.evaluate(async () => {
      const { backupMemory } = globalThis as unknown as InPage;
      return [await backupMemory.derive('/argon2-worker.js'), await backupMemory.derive('/nowhere.js')];
    });
  });
  expect(derived).toEqual(['ac6b4a40741ce6c5b8fc483ee0b2c918671744710fa52753a1af65caeee3d0ee', 'no-worker']);
});
