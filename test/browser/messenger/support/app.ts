/** The messenger as people have it: a relay that serves it, a browser, and a profile of its own for each person. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRelay, type Relay } from '@sotto/relay';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { chromiumFlags } from '../../../../scripts/lib/chromium.mjs';
import { findChromium } from '../../../../scripts/lib/find-programs.mjs';

const appFolder = fileURLToPath(new URL('../../../../examples/messenger/dist', import.meta.url));

/** Rate limits are there, and asked; several people on one address meet their ceilings otherwise. */
const limitFactor = 10_000;

/** Everything here is on one machine; a slow one needs some seconds for a registration. */
const patienceMs = 25_000;

export const password = 'three random words';

/** A person at a page. */
export interface Person {
  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;
}

/** See the header. */
export class MessengerApp {
  readonly url: string;
  /** Everything that pages asked for elsewhere, and what went wrong in them. */
  readonly strangeRequests: string[] = [];
  readonly faults: string[] = [];
  readonly #relay: Relay;
  readonly #browser: Browser;
  readonly #folder: string;

  private constructor(relay: Relay, browser: Browser, folder: string) {
    this.#relay = relay;
    this.#browser = browser;
    this.#folder = folder;
    this.url = relay.url;
  }

  /** The file that the fake camera shows; written before the camera is turned on. */
  static cameraFile(folder: string): string {
    return join(folder, 'camera.y4m');
  }

  get cameraFile(): string {
    return MessengerApp.cameraFile(this.#folder);
  }

  static async start(): Promise<MessengerApp> {
    const folder = mkdtempSync(join(tmpdir(), 'sotto-messenger-'));
    const relay = await createRelay({
      ...{ port: 0, dataFolder: join(folder, 'relay'), logLevel: 'silent', limitFactor, appFolder },
    });
    const executablePath = findChromium();
    if (executablePath === undefined) throw new Error('no Chromium found: set SOTTO_CHROMIUM');
    const camera = [
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${MessengerApp.cameraFile(folder)}`,
    ];
    const browser = await chromium.launch({ executablePath, args: [...chromiumFlags, ...camera] });
    return new MessengerApp(relay, browser, folder);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#relay.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A page in a profile of its own, at the start. */
  async open(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(patienceMs);
    context.on('request', (request) => this.#look(request.url()));
    context.on('weberror', (error) => this.faults.push(`${name}: ${error.error().stack}`));
    context.on('console', (message) => {
      // What the browser says of a connection that is gone is no fault of the application.
      const isNetwork = /net::ERR|WebSocket connection/.test(message.text());
      if (message.type() === 'error' && !isNetwork) this.faults.push(`${name}: ${message.text()}`);
    });
    const page = await context.newPage();
    page.on('websocket', (socket) => this.#look(socket.url().replace(/^ws/, 'http')));
    await page.goto(this.url);
    return { name, context, page };
  }

  /** A page, with an account. */
  async register(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.open(name, options);
    const { page } = person;
    await page.getByLabel('Username').fill(name);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
    return person;
  }

  #look(url: string): void {
    const isOwn = url.startsWith(this.url) || url.startsWith(`blob:${this.url}`);
    if (!isOwn) this.strangeRequests.push(url);
  }
}
