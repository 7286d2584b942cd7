/**
 * IndexedDB under browsers that are killed in the middle of commits: every commit is whole or absent, and every
 * acknowledged one is there. A browser commits to several storages at once, each in a bucket of its own; it is its
 * start that takes time. Each round has a profile of its own, with one kill and one look at what it left:
 * Chromium writes on behind a record that a kill has torn, and when it is started a third time it takes the
 * whole database for damaged and removes it (google/leveldb#1287). See docs/storage.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { seededRandom } from '@sotto/sdk/testing';
import type { KillablePage } from './in-browser/commit-until-killed.js';
import { bundleFile } from './support/bundle.js';
import { MortalChromium } from './support/mortal-chromium.js';
import { servePage } from './support/page-server.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const rounds = process.env['SLOW'] ? 50 : 2;
const names = ['bare-1', 'bare-2', 'encrypted-1', 'encrypted-2'];
/** Killed after between one and so many acknowledged commits of each, and at a random moment of the ones after. */
const maxCommits = 12;
const maxDelayMs = 10;

/** Opens the storages in a browser on a profile. @returns what is found, and what the page says from then on */
async function start(browser: MortalChromium, url: string) {
  const lines: string[] = [];
  let wake: () => void = () => undefined;
  const page = await browser.open(url);
  page.on('console', (message) => {
    lines.push(message.text());
    wake();
  });
  await page.addScriptTag({ url: '/kill.js', type: 'module' });
  await page.waitForFunction(() => 'killable' in globalThis);
  const states = await page.evaluate(
    (all) => (globalThis as unknown as { killable: KillablePage }).killable.start(all),
    names,
  );
  const doneBy = (name: string) => lines.filter((line) => line.startsWith(`done ${name} `));
  const eachSaid = async (count: number) => {
    while (names.some((name) => doneBy(name).length < count)) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { states, lines, doneBy, eachSaid };
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

async function killAndLook(url: string, random: ReturnType<typeof seededRandom>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'sotto-killed-'));
  try {
    const killed = await withMortal(profile, async (browser) => {
      const started = await start(browser, url);
      await started.eachSaid(1 + random.integer(maxCommits));
      // Real time on purpose: it only chooses the moment of the kill, nothing waits for it.
      await sleep(random.integer(maxDelayMs * 10) / 10);
      return started;
    });
    expect(killed.lines.filter((line) => !line.startsWith('done '))).toEqual([]);
    // The page itself looks whether everything is whole, and rejects otherwise.
    const left = await withMortal(profile, (browser) => start(browser, url));
    for (const [index, name] of names.entries()) {
      const acknowledged = Number(killed.doneBy(name).at(-1)?.slice(`done ${name} `.length));
      // The newest may have been written, or even said, without the time for it to be heard.
      expect(left.states[index]?.found).toBeGreaterThanOrEqual(acknowledged);
      expect(left.states[index]?.fence).toBeGreaterThan(killed.states[index]?.fence ?? Infinity);
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

it(`keeps every acknowledged commit to IndexedDB whole when its browser is killed, bare and encrypted (${rounds} rounds, seed ${seed})`, async () => {
  const server = await servePage({ '/kill.js': await bundleFile('commit-until-killed.ts') });
  const random = seededRandom(`browser ${seed}`);
  try {
    for (let round = 0; round < rounds; round += 1) await killAndLook(server.url, random);
  } finally {
    await server.close();
  }
}, 480_000);
