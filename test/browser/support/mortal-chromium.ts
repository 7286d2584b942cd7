/** A Chromium of its own process group on a profile that outlives it: for tests that kill it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { findChromium } from '../../../scripts/lib/find-programs.mjs';

const flags = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // All tabs as awake as the one in front; a test that wants one asleep freezes it.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  // A process for each tab: one that stands still or dies takes no other along.
  '--renderer-process-limit=50',
];

/** See the header. */
export class MortalChromium {
  readonly #process: ChildProcess;
  readonly #browser: Browser;
  readonly #exited: Promise<unknown>;

  private constructor(process: ChildProcess, browser: Browser) {
    this.#process = process;
    this.#browser = browser;
    this.#exited = once(process, 'exit');
  }

  /** Starts it. @param profile - a folder, which may be one that a killed browser has left */
  static async start(profile: string): Promise<MortalChromium> {
    const executable = findChromium();
    if (executable === undefined) throw new Error('no Chromium found: set SOTTO_CHROMIUM');
    const child = spawn(executable, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      // A group of its own: its helpers are killed with it.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: profile },
    });
    try {
      return new MortalChromium(child, await chromium.connectOverCDP(await debuggingUrl(child)));
    } catch (error) {
      killGroup(child);
      throw error;
    }
  }

  /** Where its pages are. */
  get context(): BrowserContext {
    const [context] = this.#browser.contexts();
    if (!context) throw new Error('a browser has a context');
    return context;
  }

  /** A page of it. */
  async open(url: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  /** Kills it with all its helpers, without a chance to write anything, and waits until it is gone. */
  async kill(): Promise<void> {
    killGroup(this.#process);
    await this.#exited;
    await this.#browser.close();
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

async function debuggingUrl({ stderr }: ChildProcess): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr as NodeJS.ReadableStream })) {
    const url = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      stderr?.resume();
      return url;
    }
    said.push(line);
  }
  throw new Error(`Chromium did not start: ${said.join('\n')}`);
}
