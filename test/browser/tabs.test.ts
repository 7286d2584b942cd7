/**
 * One account in five tabs of a real browser, at a real relay, with a client on libsignal at the other side. Tabs
 * are killed, reloaded and frozen, and once the whole browser is: nothing is lost, nothing happens twice, no
 * message key serves twice, and somebody leads again: within two seconds of the last sign of the one before, which
 * is asserted with `SLOW=1` alone, as CI has other things to do. `SOTTO_SEED` repeats a run (its choices,
 * not its timing); `SLOW=1` sends 1,000 messages each way.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits, type AccountId, type MessageId } from '@sotto/sdk';
import { seededRandom } from '@sotto/sdk/testing';
import { withChromium } from '../../scripts/lib/chromium.mjs';
import { counted } from './in-browser/counting-handler.js';
import type { WorkerPage } from './in-browser/worker-page.js';
import { bundleFile } from './support/bundle.js';
import { Partner, startRelay } from './support/node-partner.js';
import { memoryOf } from './support/page-memory.js';
import { servePage, type PageServer } from './support/page-server.js';
import { holds } from './support/spellings.js';
import { TabCrew, TabReports, takeoverMs, type CrewTab } from './support/tab-crew.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const isSlow = Boolean(process.env['SLOW']);
/** Messages each way. */
const messageCount = isSlow ? 1_000 : 60;
const tabCount = 5;
/** A disturbance after so many messages. */
const calm = isSlow ? 60 : 12;
/** From the last sign of the tab that led, or its end; asserted where the machine has nothing else to do. */
const maxTakeoverMs = 2_000;
/** What a tab has not heard for so long may be taken for frozen; clocks of two listeners differ a little. */
const minQuietMs = limits.shareSilenceMs - 50;
/** How long a frozen tab sleeps: longer than it takes to be taken for dead. */
const sleepMs = 2_500;

let server: PageServer;
let relay: Awaited<ReturnType<typeof startRelay>>;

beforeAll(async () => {
  const [tab, worker, page] = await Promise.all(
    ['shared-tab.ts', 'messenger-worker.ts', 'worker-page.ts'].map((name) => bundleFile(name)),
  );
  server = await servePage({ '/tab.js': tab!, '/worker.js': worker!, '/page.js': page! });
  relay = await startRelay([server.url]);
});

afterAll(async () => {
  await relay.close();
  await server.close();
});

describe('a page with its messenger in a worker', () => {
  it('talks to a client on libsignal through the relay, and has no private key in its memory', async () => {
    const bob = await Partner.open(relay.url, 'worker_bob');
    const texts = Array.from({ length: 5 }, (_, n) => `page-${n}`);
    bob.messenger.on('message', async ({ message: { body, sender } }) => {
      if (body.kind === 'text') await bob.messenger.messages.send(sender, { text: `re-${body.text}` });
    });
    const result = await withChromium(async (browser) => {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.addScriptTag({ url: '/page.js', type: 'module' });
      await page.waitForFunction(() => 'workerPage' in globalThis);
      const options = {
        relayUrl: relay.url,
        username: 'worker_alice',
        contactCode: bob.contactCode,
        texts,
        heard: texts.length,
      };
      const result = await page.evaluate(
        (input) => (globalThis as unknown as { workerPage: WorkerPage }).workerPage.talk(input),
        options,
      );
      const backup = await page.evaluate(() =>
        (globalThis as unknown as { workerPage: WorkerPage }).workerPage.backUp(),
      );
      expect(backup).toEqual({
        begins: 'SOTTOBAK',
        phases: ['key', 'content'],
        messages: [2 * texts.length, 1],
        refused: [
          ...['backup-wrong-secret', 'backup-truncated', 'already-registered', 'stopped here'],
          ...Array<string>(4).fill('resolved'),
        ],
      });
      // After a backup as well: what came of it is ciphertext.
      const memory = await memoryOf(page);
      const secrets = await page.evaluate(() =>
        (globalThis as unknown as { workerPage: WorkerPage }).workerPage.secrets(),
      );
      expect(secrets.map((secret) => holds(memory, secret, 'bytes'))).toEqual([false, false]);
      // The control: what the page has heard is there, and so are the keys now that it has read them.
      expect(holds(memory, result.heard[0] as string, 'text')).toBe(true);
      const later = await memoryOf(page);
      expect(secrets.map((secret) => holds(later, secret, 'bytes'))).toEqual([true, true]);
      await page.evaluate(() => (globalThis as unknown as { workerPage: WorkerPage }).workerPage.close());
      return result;
    });
    expect(result.heard).toEqual(texts.map((text) => `re-${text}`));
    expect(result.counted['total']).toBe(texts.length);
    expect(result.failure).toEqual({ code: 'invalid-contact-code', name: 'SottoError' });
    expect(bob.heard.map(({ body }) => body.kind === 'text' && body.text)).toEqual(texts);
    await bob.messenger.close();
  }, 60_000);
});

/** 128 bits that repeat with the seed. */
function messageIdFor(random: ReturnType<typeof seededRandom>): MessageId {
  return Buffer.from(random.bytes(16)).toString('base64url') as MessageId;
}

class Run {
  readonly random = seededRandom(`tabs ${seed}`);
  readonly reports = new TabReports();
  readonly takeovers: number[] = [];
  readonly happened: Record<string, number> = {};
  #disturbances = 0;
  crew!: TabCrew;
  bob!: Partner;
  bobId!: AccountId;
  aliceId!: AccountId;

  constructor(readonly profile: string) {}

  async begin(): Promise<void> {
    this.bob = await Partner.open(relay.url, 'bob');
    await this.openBrowser();
    this.bobId = await this.crew.ask(this.crew.tabs[0]!, 'begin', 'alice', this.bob.contactCode);
    const code = await this.crew.ask(this.crew.tabs[1]!, 'profile');
    this.aliceId = (await this.bob.messenger.contacts.add(code!)).accountId;
  }

  async openBrowser(): Promise<void> {
    const { profile, reports } = this;
    this.crew = await TabCrew.start({ profile, url: server.url, relayUrl: relay.url, reports }, tabCount);
  }

  /** A message from one of the tabs: under the same id at another if that one is lost on the way. */
  async sendFromATab(text: string): Promise<void> {
    const id = messageIdFor(this.random);
    const deadline = performance.now() + 30_000;
    for (;;) {
      const { awake } = this.crew;
      const tab = awake[this.random.integer(awake.length)];
      const status = tab && (await this.crew.ask(tab, 'send', this.bobId, text, id).catch(() => undefined));
      if (status !== undefined) return;
      if (performance.now() > deadline) throw new Error(`${text} could not be sent`);
      await sleep(20);
    }
  }

  /** Something happens to a tab; if it led, another must lead soon. */
  async disturb(): Promise<void> {
    const kinds = ['kill', 'reload', 'freeze'] as const;
    const kind = kinds[(this.#disturbances += 1) % kinds.length]!;
    // Most of it happens to the one that matters, and what is frozen is always that one.
    const isForLeader = this.random.integer(3) > 0 || kind === 'freeze';
    const leader = isForLeader ? await this.crew.leader() : undefined;
    const tab = leader ?? this.crew.awake[this.random.integer(this.crew.awake.length)];
    if (!tab || this.crew.awake.length < 3) return;
    this.happened[kind] = (this.happened[kind] ?? 0) + 1;
    const led = (await this.crew.ask(tab, 'role').catch(() => '')) === 'leader';
    const sinceMs = performance.now();
    await this.#disturb(kind, tab);
    if (led) await this.#noteTakeover(sinceMs, kind);
  }

  async #disturb(kind: 'kill' | 'reload' | 'freeze', tab: CrewTab): Promise<void> {
    if (kind === 'kill') await this.crew.kill(tab);
    else if (kind === 'reload') await this.crew.reload(tab);
    else {
      await this.crew.freeze(tab);
      await sleep(sleepMs);
      await this.crew.wake(tab);
    }
  }

  async #noteTakeover(sinceMs: number, kind: string): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      try {
        const tookMs = Math.round(takeoverMs(this.reports, sinceMs));
        this.takeovers.push(tookMs);
        this.happened[`${kind} of the leader`] = (this.happened[`${kind} of the leader`] ?? 0) + 1;
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(20);
      }
    }
  }

  /** Kills the browser and starts it again on what it left. */
  async killBrowser(): Promise<void> {
    await this.crew.end();
    await this.openBrowser();
  }

  /** Waits until a condition holds, or a minute. */
  async until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`${what} did not come to be`);
      await sleep(50);
    }
  }
}

const numbered = (prefix: string) => Array.from({ length: messageCount }, (_, n) => `${prefix}-${n}`);

function onceEach(texts: readonly string[]): Record<string, number> {
  return { total: texts.length, ...Object.fromEntries(texts.map((text) => [`by/${text}`, 1])) };
}

const quietOf = ({ roles }: TabReports) =>
  roles.filter(({ reason }) => reason === 'stolen').map(({ quietMs }) => quietMs);

describe('one account in five tabs', () => {
  it(
    `loses nothing, does nothing twice, and always has a tab that leads (seed ${seed})`,
    async () => {
      const run = new Run(await mkdtemp(join(tmpdir(), 'sotto-tabs-')));
      try {
        await run.begin();
        const { bob } = run;
        const fromBob = (async () => {
          for (const text of numbered('bob')) {
            await bob.messenger.messages.send(run.aliceId, { text });
            // Spread over the run: real time on purpose.
            await sleep(isSlow ? 40 : 60);
          }
        })();
        let n = 0;
        for (const text of numbered('alice')) {
          await run.sendFromATab(text);
          n += 1;
          if (n === Math.floor(messageCount / 2)) await run.killBrowser();
          else if (n % calm === 0) await run.disturb();
        }
        await fromBob;
        const atBob = () => counted(bob.messenger.records);
        const atAlice = () => run.crew.ask(run.crew.awake[0]!, 'counted');
        await run.until('all at bob', async () => (await atBob())['total'] === messageCount);
        await run.until('all at alice', async () => (await atAlice())['total'] === messageCount);
        console.log(`until the lock was taken, in ms: ${quietOf(run.reports).join(' ')}`);
        console.log(`until a tab led, in ms: ${run.takeovers.join(' ')}`, JSON.stringify(run.happened));
        console.log(
          `${run.reports.sentBodies} bodies sent, ${run.reports.hashedKeys} with the hash of their key`,
        );
        expect(await atBob()).toEqual(onceEach(numbered('alice')));
        expect(await atAlice()).toEqual(onceEach(numbered('bob')));
        expect([...run.reports.troubles, ...bob.undecryptable]).toEqual([]);
        // What was encrypted in one life and sent in another is known by its place in the chain alone.
        expect(run.reports.hashedKeys).toBeGreaterThan(0);
        expect(run.takeovers.length).toBeGreaterThan(0);
        const stolen = run.reports.roles.filter(({ reason }) => reason === 'stolen');
        expect(stolen.length).toBeGreaterThanOrEqual(run.happened['freeze of the leader'] ?? 0);
        for (const { quietMs } of stolen) expect(quietMs).toBeGreaterThanOrEqual(minQuietMs);
        if (isSlow) expect(Math.max(...run.takeovers)).toBeLessThanOrEqual(maxTakeoverMs);
        // Nobody is locked out.
        for (const tab of run.crew.tabs) expect(await run.crew.ask(tab, 'profile')).toMatch(/^@alice#/);
        const roles = await Promise.all(run.crew.tabs.map((tab) => run.crew.ask(tab, 'role')));
        expect(roles.sort()).toEqual(['follower', 'follower', 'follower', 'follower', 'leader']);
        await bob.messenger.close();
      } finally {
        await run.crew?.end();
        await rm(run.profile, { recursive: true, force: true, maxRetries: 5 });
      }
    },
    isSlow ? 1_200_000 : 120_000,
  );
});
