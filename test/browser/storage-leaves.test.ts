/**
 * What a messenger leaves in a browser: on the disk, in what scripts can read, and after signing out, when nothing is
 * left in any file of the profile. And what it does when the quota is used up. The bare storage is the control:
 * there everything must be found while it is used.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredPage, Wrap } from './in-browser/messenger-in-storage.js';
import { bundleFile } from './support/bundle.js';
import { MortalChromium } from './support/mortal-chromium.js';
import { servePage, type PageServer } from './support/page-server.js';
import { holds } from './support/spellings.js';

const words = 'the heron stands on one leg 7f3a';
let server: PageServer;

beforeAll(async () => {
  server = await servePage({ '/stored.js': await bundleFile('messenger-in-storage.ts') });
});
afterAll(async () => {
  await server.close();
});

async function inProfile<Result>(work: (page: Page, profile: string) => Promise<Result>): Promise<Result> {
  const profile = await mkdtemp(join(tmpdir(), 'sotto-leaves-'));
  try {
    const browser = await MortalChromium.start(profile);
    try {
      const page = await browser.open(server.url);
      await page.addScriptTag({ url: '/stored.js', type: 'module' });
      await page.waitForFunction(() => 'stored' in globalThis);
      return await work(page, profile);
    } finally {
      await browser.kill();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const converse = (page: Page, wrap: Wrap) =>
  page.evaluate(
    ([how, text]) => (globalThis as unknown as { stored: StoredPage }).stored.converse(how, text),
    [wrap, words] as const,
  );
const snapshot = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { stored: StoredPage }).stored.snapshot());
const signOut = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { stored: StoredPage }).stored.signOut());

async function filesOf(profile: string): Promise<Buffer[]> {
  const entries = await readdir(profile, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = await Promise.all(
    files.map((file) => readFile(join(file.parentPath, file.name)).catch(() => undefined)),
  );
  return read.filter((bytes) => bytes !== undefined);
}

/** Which of the words, the private keys and the storage key are on the disk, and which a script can read. */
async function look(page: Page, profile: string, secrets: readonly string[]) {
  const readable = (await snapshot(page)).map((text) => Buffer.from(text, 'base64'));
  const found = (where: readonly Buffer[]) => ({
    words: holds(where, words, 'text'),
    secrets: secrets.map((secret) => holds(where, secret, 'bytes')),
  });
  return { disk: found(await filesOf(profile)), page: found(readable), readable };
}

const everything = { words: true, secrets: [true, true] };
const nothing = { words: false, secrets: [false, false, false] };

describe('what a messenger on IndexedDB leaves', () => {
  it(
    'is everything where nothing is encrypted, and nothing at all after signing out',
    () =>
      inProfile(async (page, profile) => {
        const secrets = await converse(page, 'bare');
        // The control: whatever the other cases do not find would be found.
        expect(await look(page, profile, secrets)).toMatchObject({ disk: everything, page: everything });
        await signOut(page);
        const after = await look(page, profile, secrets);
        expect(after.page).toEqual({ words: false, secrets: [false, false] });
        expect(after.disk).toEqual({ words: false, secrets: [false, false] });
        expect(after.readable).toEqual([Buffer.alloc(0)]);
      }),
    60_000,
  );

  it(
    'is no word and no private key under the device’s own key, which lies beside its data until it is removed',
    () =>
      inProfile(async (page, profile) => {
        const secrets = await converse(page, 'device');
        const before = await look(page, profile, secrets);
        // Whoever has the whole profile has the key: docs/storage.md says so. No script has its bytes.
        expect(before.disk).toEqual({ words: false, secrets: [false, false, true] });
        expect(before.page).toEqual(nothing);
        await signOut(page);
        const after = await look(page, profile, secrets);
        expect(after.disk).toEqual(nothing);
        expect(after.readable).toEqual([Buffer.alloc(0)]);
      }),
    60_000,
  );

  it(
    'is no word, no private key and no key to them where the application has the key',
    () =>
      inProfile(async (page, profile) => {
        const secrets = await converse(page, 'application');
        expect(await look(page, profile, secrets)).toMatchObject({ disk: nothing, page: nothing });
        await signOut(page);
        const after = await look(page, profile, secrets);
        expect(after).toMatchObject({ disk: nothing, page: nothing });
        expect(after.readable).toEqual([Buffer.alloc(0)]);
      }),
    60_000,
  );
});

describe('a full quota', () => {
  it(
    'is said, leaves the storage as it was, and is over when there is room',
    () =>
      inProfile(async (page) => {
        const devtools = await page.context().newCDPSession(page);
        const origin = new URL(server.url).origin;
        await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_500_000 });
        const full = await page.evaluate(() =>
          (globalThis as unknown as { stored: StoredPage }).stored.fill(),
        );
        expect(full).toEqual({ code: 'storage-full', untouched: true, state: 'ready' });
        const again = () =>
          page.evaluate(() => (globalThis as unknown as { stored: StoredPage }).stored.again());
        expect(await again()).toBe('storage-full');
        // A storage holds on to what its database needs: nothing else does.
        await devtools.send('HeapProfiler.collectGarbage');
        await devtools.send('Storage.overrideQuotaForOrigin', { origin });
        expect(await again()).toBe('done');
      }),
    60_000,
  );
});
