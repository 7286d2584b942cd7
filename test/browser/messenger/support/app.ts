/** The messenger as people have it: a relay that serves it, a browser, and a profile of its own for each person. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRelay, openPGliteDatabase, type Database, type Relay } from '@sotto/relay';
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
  /** The relay's own, which holds whatever the relay knows. */
  readonly database: Database;
  readonly #relay: Relay;
  readonly #browser: Browser;
  readonly #folder: string;

  private constructor(parts: { relay: Relay; database: Database; browser: Browser; folder: string }) {
    this.#relay = parts.relay;
    this.database = parts.database;
    this.#browser = parts.browser;
    this.#folder = parts.folder;
    this.url = parts.relay.url;
  }

  /** The file that the fake camera shows; written before the camera is turned on. */
  static cameraFile(folder: string): string {
    return join(folder, 'camera.y4m');
  }

  /** Where the relay listens. */
  get port(): number {
    return this.#relay.port;
  }

  get cameraFile(): string {
    return MessengerApp.cameraFile(this.#folder);
  }

  static async start(): Promise<MessengerApp> {
    const folder = mkdtempSync(join(tmpdir(), 'sotto-messenger-'));
    const database = await openPGliteDatabase();
    const relay = await createRelay({ port: 0, logLevel: 'silent', limitFactor, appFolder }, { database });
    const executablePath = findChromium();
    if (executablePath === undefined) throw new Error('no Chromium found: set SOTTO_CHROMIUM');
    const camera = [
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${MessengerApp.cameraFile(folder)}`,
    ];
    const browser = await chromium.launch({ executablePath, args: [...chromiumFlags, ...camera] });
    return new MessengerApp({ relay, database, browser, folder });
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#relay.close();
    await this.database.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A page in a profile of its own, at the start. */
  async open(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    return this.#openIn(name, context, this.url);
  }

  /**
   * A page in a browser of its own, whose profile is a folder.
   * @param url - of the relay, or of what stands before it
   * @param netLog - where the browser writes down all of its traffic
   */
  async openOnDisk(name: string, profile: string, url: string, netLog: string): Promise<Person> {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium() as string,
      args: [...chromiumFlags, `--log-net-log=${netLog}`, '--net-log-capture-mode=Everything'],
      viewport: { width: 1280, height: 800 },
    });
    return this.#openIn(name, context, url);
  }

  /** A page, with an account. */
  async register(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.open(name, options);
    await this.signUp(person);
    return person;
  }

  /** An account for whoever has none yet. */
  async signUp({ name, page }: Person): Promise<void> {
    await page.getByLabel('Username').fill(name);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
  }

  async #openIn(name: string, context: BrowserContext, url: string): Promise<Person> {
    const look = (requested: string) => {
      const isOwn = requested.startsWith(url) || requested.startsWith(`blob:${url}`);
      if (!isOwn) this.strangeRequests.push(requested);
    };
    context.setDefaultTimeout(patienceMs);
    context.on('request', (request) => look(request.url()));
    context.on('weberror', (error) => this.faults.push(`${name}: ${error.error().stack}`));
    context.on('console', (message) => {
      // What the browser says of a connection that is gone is no fault of the application.
      const isNetwork = /net::ERR|WebSocket connection/.test(message.text());
      // The browser's own wish, on a page that is no HTML.
      const isIcon = message.location().url.endsWith('/favicon.ico');
      if (message.type() === 'error' && !isNetwork && !isIcon) this.faults.push(`${name}: ${message.text()}`);
    });
    const page = await context.newPage();
    page.on('websocket', (socket) => look(socket.url().replace(/^ws/, 'http')));
    await page.goto(url);
    return { name, context, page };
  }
}
