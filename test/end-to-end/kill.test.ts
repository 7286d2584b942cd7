/**
 * Nothing lost, nothing twice, in order: two real clients (libsignal, LevelDB, Socket.IO) and a real
 * relay (PGlite on a folder) are killed and started again at random while messages go both ways.
 * `KILL_SEED` repeats a schedule or tries another.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { bundleSources, type Bundle } from './support/bundle.js';
import type { ClientReport } from './support/client.js';
import { freePort, LineProcess } from './support/processes.js';
import { makeSchedule, type Death } from './support/schedule.js';

const committedSeed = 20_251;
const seed = Number(process.env['KILL_SEED'] ?? committedSeed);

type Said =
  | { readonly kind: 'ready'; readonly contactCode: string }
  | { readonly kind: 'received'; readonly seq: number }
  | { readonly kind: 'all-sent' }
  | { readonly kind: 'report'; readonly report: ClientReport }
  | { readonly kind: 'undecryptable' | 'handler-failed'; readonly reason: string }
  | { readonly kind: 'failed'; readonly code: string };

/** A client through all its lives. */
class Client {
  /** Messages that observers have heard of, by `seq`: events may come again after a crash. */
  readonly received = new Set<number>();
  /** What must never be said. */
  readonly complaints: string[] = [];
  allSent = false;
  #earlierLogs = '';
  #life: LineProcess;
  readonly #start: () => LineProcess;

  constructor(parts: { name: string; relayUrl: string; folder: string; total: number; onNews: () => void }) {
    const { name, relayUrl, folder, total, onNews } = parts;
    this.#start = () =>
      new LineProcess({
        file: bundle.file('client'),
        args: [relayUrl, join(folder, name), name, String(total)],
        onLine: (line) => {
          if (line.startsWith('{')) this.#hear(JSON.parse(line) as Said);
          onNews();
        },
      });
    this.#life = this.#start();
  }

  /** What all its lives have logged. */
  get logs(): string {
    return this.#earlierLogs + this.#life.errors;
  }

  get process(): LineProcess {
    return this.#life;
  }

  async contactCode(): Promise<string> {
    const [, code] = await this.#life.line(/"contactCode":"([^"]+)"/);
    return code as string;
  }

  /** Kills it, and lets it live again, going on where its storage says. */
  async die(peerCode: string): Promise<void> {
    await this.#life.kill();
    this.#earlierLogs += `${this.#life.errors}(killed)\n`;
    this.#life = this.#start();
    this.talkTo(peerCode);
  }

  talkTo(peerCode: string): void {
    this.#life.write(`peer ${peerCode}`);
  }

  async report(): Promise<ClientReport> {
    this.#life.write('report');
    const { input } = await this.#life.line(/^\{"kind":"report"/);
    return (JSON.parse(input) as Extract<Said, { kind: 'report' }>).report;
  }

  stop(): Promise<void> {
    return this.#life.kill();
  }

  #hear(said: Said): void {
    if (said.kind === 'received') this.received.add(said.seq);
    if (said.kind === 'all-sent') this.allSent = true;
    if (said.kind === 'failed') this.complaints.push(`failed ${said.code}`);
    if (said.kind === 'undecryptable' || said.kind === 'handler-failed') {
      this.complaints.push(`${said.kind} ${said.reason}`);
    }
  }
}

/** Two clients, a relay, and what may happen to them. */
class World {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sotto-kill-'));
  readonly #total: number;
  readonly #waiting = new Set<() => void>();
  #relayEnvironment: NodeJS.ProcessEnv = {};
  #relay: LineProcess | undefined;
  #clients: Record<'alice' | 'bob', Client> | undefined;
  #codes: Record<'alice' | 'bob', string> | undefined;

  #overdue = false;
  readonly #deadline: NodeJS.Timeout;

  constructor(total: number, patienceMs: number) {
    this.#total = total;
    this.#deadline = setTimeout(() => {
      this.#overdue = true;
      this.#wake();
    }, patienceMs);
  }

  get alice(): Client {
    return this.#clients!.alice;
  }

  get bob(): Client {
    return this.#clients!.bob;
  }

  async open(): Promise<void> {
    const port = await freePort();
    this.#relayEnvironment = {
      SOTTO_PORT: String(port),
      SOTTO_DATA: join(this.#folder, 'relay'),
      SOTTO_LOG_LEVEL: 'info',
      // The limiter is asked as always, and its ceilings are out of reach.
      SOTTO_LIMIT_FACTOR: '1000000',
    };
    this.#startRelay();
    await this.#relay!.line(/"listening"/);
    const shared = { relayUrl: `http://127.0.0.1:${port}`, folder: this.#folder, total: this.#total };
    const onNews = () => this.#wake();
    const alice = new Client({ name: 'alice', ...shared, onNews });
    const bob = new Client({ name: 'bob', ...shared, onNews });
    this.#clients = { alice, bob };
    this.#codes = { alice: await alice.contactCode(), bob: await bob.contactCode() };
    alice.talkTo(this.#codes.bob);
    bob.talkTo(this.#codes.alice);
  }

  /** How many messages have taken effect, on both sides together. */
  get effects(): number {
    return this.alice.received.size + this.bob.received.size;
  }

  /** Waits for something that news can bring about. @throws Error that says how far everybody is */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#overdue) throw new Error(`not done in time\n${await this.#describe()}`);
      for (const { process } of [this.alice, this.bob]) {
        if (!process.running) throw new Error(`a client ended by itself\n${process.errors}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async kill({ who, delayMs }: Death): Promise<void> {
    await sleep(delayMs);
    if (who === 'alice') await this.alice.die(this.#codes!.bob);
    else if (who === 'bob') await this.bob.die(this.#codes!.alice);
    else {
      await this.#relay?.kill();
      this.#startRelay();
    }
  }

  async #describe(): Promise<string> {
    const lines: string[] = [];
    for (const [name, client] of Object.entries(this.#clients ?? {})) {
      const { received, allSent, complaints } = client;
      const { count, effects, received: stored, sent } = await client.report();
      const states = sent.map(({ status }) => status);
      lines.push(
        `${name} heard of ${received.size}, counted ${count}, has ${effects.length} records and ${stored.length} rows`,
        `${name} sent ${sent.length}, the first pending is ${states.indexOf('pending')}, ${allSent ? 'all' : 'not all'} sent`,
        ...complaints,
      );
    }
    return lines.join('\n');
  }

  /** What clients and relay have logged lately. */
  logs(): string {
    const clients = Object.entries(this.#clients ?? {}).map(([name, { logs }]) => `${name}: ${logs}`);
    return [...clients, ...(this.#relay?.lines.slice(-8) ?? []), this.#relay?.errors].join('\n');
  }

  async close(): Promise<void> {
    clearTimeout(this.#deadline);
    await Promise.all([this.#clients?.alice.stop(), this.#clients?.bob.stop(), this.#relay?.kill()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #startRelay(): void {
    this.#relay = new LineProcess({ file: bundle.file('relay'), env: this.#relayEnvironment });
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

let bundle: Bundle;
let world: World | undefined;

beforeAll(async () => {
  bundle = await bundleSources({ client: 'test/end-to-end/support/client.ts', relay: 'server/src/main.ts' });
});

afterAll(() => bundle.remove());

/** With `KILL_TRACE` set, says what happens when. */
function trace(text: string): void {
  if (process.env['KILL_TRACE']) console.log(`${(performance.now() / 1000).toFixed(1)} s: ${text}`);
}

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function play(
  total: number,
  deaths: number,
  patienceMs: number,
): Promise<Record<'alice' | 'bob', ClientReport>> {
  console.log(`KILL_SEED=${seed}: ${total} messages each way, ${deaths} deaths`);
  const playing = (world = new World(total, patienceMs));
  onTestFailed(() => console.log(playing.logs()));
  await world.open();
  trace('open');
  const { alice, bob } = world;
  for (const death of makeSchedule(seed, { deaths, effects: 2 * total })) {
    await world.until(() => world!.effects >= death.afterEffects);
    trace(`${death.who} dies after ${world.effects}`);
    await world.kill(death);
  }
  await world.until(
    () => alice.received.size + bob.received.size >= 2 * total && alice.allSent && bob.allSent,
  );
  expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  return { alice: await alice.report(), bob: await bob.report() };
}

function expectExactlyOnceInOrder(report: ClientReport, total: number): void {
  const expected = Array.from({ length: total }, (_, index) => String(index));
  expect(report.count).toBe(total);
  expect(report.effects).toEqual(expected);
  expect(report.received).toEqual(expected);
  expect(report.sent.map(({ text }) => text)).toEqual(expected);
  const unfinished = report.sent.filter(({ status }) => status !== 'sent' && status !== 'delivered');
  expect(unfinished).toEqual([]);
}

describe('clients and relay killed at random', () => {
  it('1,000 messages each way take effect once and in order', { timeout: 300_000 }, async () => {
    const reports = await play(1_000, 20, 280_000);
    expectExactlyOnceInOrder(reports.alice, 1_000);
    expectExactlyOnceInOrder(reports.bob, 1_000);
  });
});
