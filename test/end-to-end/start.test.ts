/** `npm start` as a user meets it: what it says, that it keeps its data, and that it leaves nothing behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './support/processes.js';

const script = (path: string) => fileURLToPath(new URL(`../../scripts/${path}`, import.meta.url));

let folder: string;
let port: number;
const running: Started[] = [];
/** Children of a process that was killed: none is left, unless the test fails. */
const strays: number[] = [];

class Started {
  readonly child: ChildProcess;
  output = '';
  errors = '';
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, args, {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.#closed = once(this.child, 'exit');
    running.push(this);
  }

  /** What was printed once it has come to a text. */
  async says(text: string): Promise<string> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`ended: ${this.output}${this.errors}`);
      await Promise.race([once(this.child.stdout!, 'data'), this.#closed]);
    }
    return this.output;
  }

  /** Everything it wrote, but for what was built because sources have changed. */
  get said(): string {
    return (this.output + this.errors).replace(/^building .*\n/gm, '');
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }
}

function start(overrides: NodeJS.ProcessEnv = {}, ...options: string[]): Started {
  return new Started([script('start.mjs'), ...options], {
    SOTTO_PORT: String(port),
    SOTTO_DATA: folder,
    ...overrides,
  });
}

function codeIn(output: string): string {
  return /\/add (@\S+)/.exec(output)?.[1] as string;
}

/** Processes whose parent is the given one. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => parentOf(pid) === parent)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    // After the name in parentheses come the state and the parent.
    return Number(/.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until none of the processes is left; the test's own patience bounds it. */
async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await sleep(20);
}

async function isServing(): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-start-'));
  port = await freePort();
});

afterEach(async () => {
  for (const started of running.splice(0)) {
    started.child.kill('SIGTERM');
    await started.ended();
  }
  for (const pid of strays.splice(0).filter(isAlive)) process.kill(pid, 'SIGKILL');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm start', { timeout: 120_000 }, () => {
  it('says what to type; typing it brings an answer; SIGTERM ends everything', async () => {
    const started = start();
    const output = await started.says('Ctrl-C');
    const url = `http://127.0.0.1:${port}`;
    const lines = output.split('\n');
    expect(lines[0]).toBe(`Sotto is at ${url}: open it in a browser and create an account.`);
    expect(lines).toContain(
      `  npm run chat -- --name alice --relay ${url} --data ${join(folder, 'chat', 'alice')}`,
    );
    const page = await fetch(url);
    expect(await page.text()).toContain('<div id="app">');
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(readFileSync(join(folder, 'echo-bot', 'contact-code'), 'utf8').trim()).toBe(codeIn(output));
    expect(statSync(join(folder, 'echo-bot', 'password')).mode & 0o077).toBe(0);

    const smoke = new Started([script('smoke.mjs'), `http://127.0.0.1:${port}`, codeIn(output)], {});
    expect(await smoke.ended(), smoke.output + smoke.errors).toBe(0);
    expect(smoke.output).toMatch(/answered after \d+ ms\n1 passed, 0 failed\n$/);

    const children = childrenOf(started.child.pid as number);
    expect(children).toHaveLength(2);
    started.child.kill('SIGTERM');
    expect(await started.ended()).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
    expect(started.said).toBe(started.output);
  });

  it('keeps the bot and its code across restarts, and its children do not outlive it when it is killed', async () => {
    const code = readFileSync(join(folder, 'echo-bot', 'contact-code'), 'utf8').trim();
    const started = start();
    expect(codeIn(await started.says('Ctrl-C'))).toBe(code);
    const children = childrenOf(started.child.pid as number);
    expect(children).toHaveLength(2);
    strays.push(...children);
    started.child.kill('SIGKILL');
    await gone(children);
    expect(await isServing()).toBe(false);
  });

  it('ends with one clear line when the folder is in use', async () => {
    const first = start({}, '--no-bot');
    await first.says('Ctrl-C');
    expect(first.output).not.toContain('/add');
    const second = start({ SOTTO_PORT: String(await freePort()) });
    expect(await second.ended()).toBe(1);
    expect(second.said).toMatch(/^sotto-relay: [^\n]*in use[^\n]*\n$/);
    expect(await isServing()).toBe(true);
  });

  it('ends with one clear line when the port is taken, whoever answers there', async () => {
    const other = createServer((_request, response) => response.end('{"status":"ready"}'));
    await once(other.listen(port, '127.0.0.1'), 'listening');
    try {
      const started = start();
      expect(await started.ended()).toBe(1);
      expect(started.said).toMatch(/^sotto-relay: [^\n]*port[^\n]*\n$/);
    } finally {
      other.close();
    }
  });

  it('ends the bot, and fails, when the relay dies', async () => {
    const started = start();
    await started.says('Ctrl-C');
    const children = childrenOf(started.child.pid as number);
    // The relay was started first.
    process.kill(Math.min(...children), 'SIGKILL');
    expect(await started.ended()).toBe(1);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it('knows one option', async () => {
    const started = start({}, '--bot');
    expect(await started.ended()).toBe(1);
    expect(started.errors).toBe('start: the only option is --no-bot\n');
  });
});
