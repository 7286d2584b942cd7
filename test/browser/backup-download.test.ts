/** The code of `docs/recovery.md` for browsers, run as it stands there: a backup is a download, and comes back from a chosen file. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChromium } from '../../scripts/lib/chromium.mjs';
import type { BackupDownload } from './in-browser/backup-download.js';
import { bundleFile, bundleSource } from './support/bundle.js';
import { servePage, type PageServer } from './support/page-server.js';

type InPage = { readonly backupDownload: BackupDownload };

let server: PageServer;
let folder: string;

/** The block of the document that is about downloads. */
function documentedCode(): string {
  const guide = readFileSync(new URL('../../docs/recovery.md', import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  const [block, ...others] = blocks.filter((code) => code.includes('link.download'));
  if (block === undefined || others.length > 0)
    throw new Error('docs/recovery.md shows no download, or several');
  return block;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-download-'));
  const documented = `${documentedCode()}\nObject.assign(globalThis, { documented: { download, restoreFrom } });`;
  server = await servePage({
    '/page.js': await bundleFile('backup-download.ts'),
    '/documented.js': await bundleSource(documented),
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a backup is saved as a file, and an account comes back from it', async () => {
  const file = join(folder, 'of the browser');
  const restored = await withChromium(async (browser) => {
    const page = await browser.newPage();
    await page.goto(server.url);
    for (const url of ['/documented.js', '/page.js']) await page.addScriptTag({ url, type: 'module' });
    await page.waitForFunction(() => 'backupDownload' in globalThis && 'documented' in globalThis);
    const [download, recoveryKey] = await Promise.all([
      page.waitForEvent('download'),
      page.evaluate(() =>
        (globalThis as unknown as InPage).backupDownload.save(['hello', 'nobody else reads this']),
      ),
    ]);
    expect(download.suggestedFilename()).toBe('alice.sotto-backup');
    await download.saveAs(file);
    await page.setContent('<input type="file">');
    await page.setInputFiles('input', file);
    return page.evaluate((key) => (globalThis as unknown as InPage).backupDownload.restore(key), recoveryKey);
  });
  expect(restored).toEqual({ texts: ['hello', 'nobody else reads this'], shown: 1 });
  expect(readFileSync(file).includes('nobody else')).toBe(false);
});
