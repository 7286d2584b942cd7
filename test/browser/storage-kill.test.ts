/**
 * IndexedDB under browsers that are killed in the middle of commits: every commit is whole or absent, and every
 * acknowledged one is there. Each round has a profile of its own, with one kill and one look at what it left:
 * Chromium writes on behind a record that a kill has torn, and when it is started a third time it takes the
 * whole database for damaged and removes it (google/leveldb#1287). See docs/storage.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@sotto/sdk/testing';
import type { KillablePage } from './in-browser/commit-until-killed.js';
import { bundleFile } from './support/bundle.js';
import { MortalChromium } from './support/mortal-chromium.js';
import { servePage } from './support/page-server.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const rounds = process.env['SLOW'] ? 100 : 4;
/** Killed after between one and so many acknowledged commits, and at a random moment of the one or two after. */
const maxCommits = 12;
const maxDelayMs = 10;

type Wrap = 'bare' | 'encrypted';

/** Opens the storage in a browser on a profile. @returns what is found, and what the page says from then on */
async function start(browser: MortalChromium, url: string, wrap: Wrap) {
  const lines: string[] = [];
  let wake: () => void = () => undefined;
  const page = await browser.open(url);
  page.on('console', (message) => {
    lines.push(message.text());
    wake();
  });
  await page.addScriptTag({ url: '/kill.js', type: 'module' });
  await page.waitForFunction(() => 'killable' in globalThis);
  const state = await page.evaluate(
    (how) => (globalThis as unknown as { killable: KillablePage }).killable.start(how),
    wrap,
  );
  const said = async (count: number) => {
    while (lines.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { ...state, lines, said };
}

/** Runs a browser on a profile and kills it, whatever comes of it. */
async function withMortal<Result>(
  profile: string,
  work: (browser: MortalChromium) => Promise<Result>,
): Promise<Result> {
  const browser = await MortalChromium.start(profile);
  try {
    return await work(browser);
  } finally {
    await browser.kill();
  }
}

async function killAndLook(url: string, wrap: Wrap, random: ReturnType<typeof seededRandom>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'sotto-killed-'));
  try {
    const killed = await withMortal(profile, async (browser) => {
      const started = await start(browser, url, wrap);
      await started.said(1 + random.integer(maxCommits));
      // Real time on purpose: it only chooses the moment of the kill, nothing waits for it.
      await sleep(random.integer(maxDelayMs * 10) / 10);
      return started;
    });
    expect(killed.lines.filter((line) => !line.startsWith('done '))).toEqual([]);
    const acknowledged = Number(killed.lines.at(-1)?.slice('done '.length));
    // The page itself looks whether everything is whole, and rejects otherwise.
    const left = await withMortal(profile, (browser) => start(browser, url, wrap));
    // The newest may have been written, or even said, without the time for it to be heard.
    expect(left.found).toBeGreaterThanOrEqual(acknowledged);
    expect(left.fence).toBeGreaterThan(killed.fence);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe.each(['bare', 'encrypted'] as const)('storage in IndexedDB, %s', (wrap) => {
  it(`keeps every acknowledged commit whole when its browser is killed (${rounds} rounds, seed ${seed})`, async () => {
    const server = await servePage({ '/kill.js': await bundleFile('commit-until-killed.ts') });
    const random = seededRandom(`browser ${wrap} ${seed}`);
    try {
      for (let round = 0; round < rounds; round += 1) await killAndLook(server.url, wrap, random);
    } finally {
      await server.close();
    }
  }, 240_000);
});
