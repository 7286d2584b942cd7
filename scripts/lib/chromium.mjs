/** Starts the Chromium of this machine with a profile of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from './find-programs.mjs';

/** Nothing but what a test asks for: no sandbox (tests run as root), no GPU, no traffic of the browser's own. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Runs `work` in a fresh browser, which is gone afterwards, profile included.
 * @template Result
 * @param {(browser: import('playwright-core').BrowserContext) => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withChromium(work) {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium found: set SOTTO_CHROMIUM');
  const profile = await mkdtemp(join(tmpdir(), 'sotto-chromium-'));
  try {
    const options = {
      executablePath,
      headless: true,
      args: chromiumFlags,
      env: { ...process.env, HOME: profile },
    };
    const browser = await chromium.launchPersistentContext(profile, options);
    try {
      return await work(browser);
    } finally {
      await browser.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
