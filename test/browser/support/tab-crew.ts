/**
 * Several tabs of one browser that share an account, driven from Node: opened, killed, reloaded, frozen and woken.
 * Keeps what they report where no tab can take it along.
 */
import assert from 'node:assert/strict';
import type { CDPSession, Page } from 'playwright-core';
import type { SharedTab } from '../in-browser/shared-tab.js';
import { MortalChromium } from './mortal-chromium.js';

/** What tabs have told. */
export class TabReports {
  readonly roles: {
    readonly tab: string;
    readonly role: string;
    readonly reason: string;
    /** How long ago the tab had heard a sign of whoever led. */
    readonly quietMs: number;
    readonly atMs: number;
  }[] = [];
  readonly troubles: string[] = [];
  /** What each message key has encrypted, by the key's place and by its hash. */
  readonly #encrypted = new Map<string, string>();
  hashedKeys = 0;
  sentBodies = 0;

  /** @throws AssertionError when a message key has encrypted two messages */
  readonly take = (line: string): void => {
    const [kind, ...words] = line.split(' ') as [string, ...string[]];
    if (kind === 'role') {
      const [tab = '', role = '', reason = '', quiet = ''] = words;
      this.roles.push({ tab, role, reason, quietMs: Number(quiet), atMs: performance.now() });
    } else if (kind === 'key') this.#sawKey(words as [string, string, string]);
    else if (kind !== 'heard') this.troubles.push(line);
  };

  #sawKey([place, body, hash]: readonly [string, string, string]): void {
    this.sentBodies += 1;
    if (hash !== '-') this.hashedKeys += 1;
    for (const key of hash === '-' ? [place] : [place, hash]) {
      const before = this.#encrypted.get(key) ?? body;
      if (before !== body) this.troubles.push(`key ${key} used twice`);
      this.#encrypted.set(key, body);
    }
  }
}

/** One tab, and how it is. */
export interface CrewTab {
  readonly name: string;
  readonly page: Page;
  readonly session: CDPSession;
  isFrozen: boolean;
}

/** See the header. */
export class TabCrew {
  readonly tabs: CrewTab[] = [];
  readonly #browser: MortalChromium;
  readonly #url: string;
  readonly #relayUrl: string;
  #count = 0;

  private constructor(browser: MortalChromium, url: string, relayUrl: string) {
    this.#browser = browser;
    this.#url = url;
    this.#relayUrl = relayUrl;
  }

  static async start(
    parts: { profile: string; url: string; relayUrl: string; reports: TabReports },
    size: number,
  ): Promise<TabCrew> {
    const browser = await MortalChromium.start(parts.profile);
    try {
      await browser.context.exposeFunction('report', parts.reports.take);
      const crew = new TabCrew(browser, parts.url, parts.relayUrl);
      while (crew.tabs.length < size) await crew.open();
      return crew;
    } catch (error) {
      await browser.kill();
      throw error;
    }
  }

  async open(): Promise<CrewTab> {
    const page = await this.#browser.open(this.#url);
    const session = await page.context().newCDPSession(page);
    const tab: CrewTab = { name: `tab${(this.#count += 1)}`, page, session, isFrozen: false };
    await this.#load(tab);
    this.tabs.push(tab);
    return tab;
  }

  /** Ends a tab without a chance to say anything, and opens another. */
  async kill(tab: CrewTab): Promise<void> {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    // A crash of its process, and then the rest of it.
    void tab.session.send('Page.crash').catch(() => undefined);
    await tab.page.close();
    await this.open();
  }

  async reload(tab: CrewTab): Promise<void> {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    await tab.page.reload();
    await this.#load(tab);
    this.tabs.push(tab);
  }

  /**
   * Stops everything that a tab does: no timer, no message, no answer. By the debugger, because the pages of a
   * driven browser count as visible, and what is visible is not frozen.
   */
  async freeze(tab: CrewTab): Promise<void> {
    tab.isFrozen = true;
    await tab.session.send('Debugger.enable');
    const paused = new Promise<void>((resolve) => tab.session.once('Debugger.paused', () => resolve()));
    await tab.session.send('Debugger.pause');
    await paused;
  }

  async wake(tab: CrewTab): Promise<void> {
    await tab.session.send('Debugger.disable');
    tab.isFrozen = false;
  }

  get awake(): readonly CrewTab[] {
    return this.tabs.filter(({ isFrozen }) => !isFrozen);
  }

  /** The tab that leads, if one does. */
  async leader(): Promise<CrewTab | undefined> {
    for (const tab of this.awake) if ((await this.ask(tab, 'role')) === 'leader') return tab;
    return undefined;
  }

  ask<Name extends keyof SharedTab>(
    tab: CrewTab,
    name: Name,
    ...args: Parameters<SharedTab[Name]>
  ): Promise<Awaited<ReturnType<SharedTab[Name]>>> {
    const run = ([method, input]: readonly [string, readonly unknown[]]) => {
      const { sharedTab } = globalThis as unknown as {
        sharedTab: Record<string, (...all: readonly unknown[]) => unknown>;
      };
      return sharedTab[method]!(...input);
    };
    return tab.page.evaluate(run, [name, args] as const) as Promise<Awaited<ReturnType<SharedTab[Name]>>>;
  }

  /** Kills the whole browser. */
  async end(): Promise<void> {
    await this.#browser.kill();
  }

  async #load(tab: CrewTab): Promise<void> {
    const { page, name } = tab;
    await page.addScriptTag({ url: '/tab.js', type: 'module' });
    await page.waitForFunction(() => 'sharedTab' in globalThis);
    await this.ask(tab, 'start', { relayUrl: this.#relayUrl, tab: name });
  }
}

/**
 * How long it took until a tab led: from a moment, or, where the lock was taken, from the last sign of the tab that
 * had it. @throws AssertionError if none did
 */
export function takeoverMs(reports: TabReports, sinceMs: number): number {
  const took = reports.roles.find(({ role, atMs }) => role === 'leader' && atMs >= sinceMs);
  assert.ok(took, 'nobody took over');
  const began = reports.roles.findLast(({ tab, atMs }) => tab === took.tab && atMs < took.atMs);
  return began?.reason === 'stolen' ? began.quietMs + took.atMs - began.atMs : took.atMs - sinceMs;
}
