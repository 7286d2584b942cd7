/** The messenger in a browser with one conversation open, and somebody in Node who writes to it. Measures nothing but in the page. */
import type { Page } from 'playwright-core';
import { MessengerApp, type Person } from '../../../test/browser/messenger/support/app.js';
import { addContact, hasStatus, write } from '../../../test/browser/messenger/support/deeds.js';
import { Partner } from '../../../test/browser/support/node-partner.js';
import { rendererOf, slowDown } from './slow-process.js';

/** How long a page at rest is watched. */
const restMs = 5_000;

/** What the page keeps for the bench. */
interface Watched {
  /** When the newest message could be read and the next one written, on the page's clock. */
  ready?: number;
  /** The longest stretch in which the page's thread heard nothing else, since it was last reset. */
  longestMs: number;
}

/** Runs in the page before its own code. */
function watch(): void {
  const watched: Watched = { longestMs: 0 };
  (globalThis as unknown as { watched: Watched }).watched = watched;
  const look = () => {
    if (watched.ready !== undefined) return;
    if (!document.querySelector('textarea') || !document.querySelector('li[data-seq] .text')) return;
    watched.ready = performance.now();
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
  // A message to oneself comes as soon as the thread is free: between two lies a task, and the pause of a timer.
  const { port1, port2 } = new MessageChannel();
  let before = performance.now();
  port1.onmessage = () => {
    const now = performance.now();
    watched.longestMs = Math.max(watched.longestMs, now - before);
    before = now;
    setTimeout(() => port2.postMessage(undefined), 1);
  };
  port2.postMessage(undefined);
}

/** See the header. */
export class AppStage {
  #sent = 0;

  private constructor(
    private readonly app: MessengerApp,
    private readonly person: Person,
    private readonly partner: Partner,
  ) {}

  static async open(): Promise<AppStage> {
    const app = await MessengerApp.start();
    const person = await app.register('benchmark');
    const partner = await Partner.open(app.url, 'bench_partner');
    await addContact(person.page, partner.contactCode);
    await write(person.page, 'first');
    await hasStatus(person.page, 'first', 'delivered');
    // What runs this file gives inner functions their names by a helper that a page does not have.
    await person.context.addInitScript('globalThis.__name = (value) => value');
    await person.context.addInitScript(watch);
    const stage = new AppStage(app, person, partner);
    await stage.openAgain(1);
    return stage;
  }

  /** Opens the messenger at its conversation. @returns milliseconds until it can be used */
  async openAgain(slowdown: number): Promise<number> {
    const release = slowdown > 1 ? slowDown(await rendererOf(this.#page), slowdown) : undefined;
    try {
      await this.#page.reload({ waitUntil: 'commit' });
      const ready = await this.#page.waitForFunction(
        () => (globalThis as unknown as { watched: Watched }).watched.ready,
      );
      return (await ready.jsonValue()) as number;
    } finally {
      await release?.();
    }
  }

  /** Messages that wait at the relay until the page is back. */
  async sendWhileAway(count: number): Promise<void> {
    await this.person.context.setOffline(true);
    const [known] = await this.partner.messenger.contacts.list();
    if (!known) throw new Error('nobody has written');
    const end = this.#sent + count;
    const gone = new Promise<void>((resolve) => {
      let left = count;
      const stop = this.partner.messenger.on('message-status', ({ message }) => {
        if (message.status !== 'sent' || (left -= 1) > 0) return;
        stop();
        resolve();
      });
    });
    while (this.#sent < end) {
      await this.partner.messenger.messages.send(known.accountId, { text: `message ${(this.#sent += 1)}` });
    }
    await gone;
  }

  /** Goes online, and waits until the last message is there. @returns milliseconds of the longest task meanwhile */
  async longestTaskWhileArriving(): Promise<number> {
    await this.#reset();
    await this.person.context.setOffline(false);
    const last = this.#page.locator('li[data-seq]').filter({ hasText: `message ${this.#sent}` });
    await last.first().waitFor({ timeout: 120_000 });
    return this.#longest();
  }

  /** @returns milliseconds of the longest task of the page when nothing happens */
  async longestTaskAtRest(): Promise<number> {
    await this.#reset();
    await this.#page.waitForTimeout(restMs);
    return this.#longest();
  }

  async close(): Promise<void> {
    await this.partner.messenger.close();
    await this.app.close();
  }

  get #page(): Page {
    return this.person.page;
  }

  async #reset(): Promise<void> {
    await this.#page.evaluate(() => {
      (globalThis as unknown as { watched: Watched }).watched.longestMs = 0;
    });
  }

  #longest(): Promise<number> {
    return this.#page.evaluate(() => (globalThis as unknown as { watched: Watched }).watched.longestMs);
  }
}
