import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrations } from '../../src/storage/postgres/migrations/index.js';
import { createRelay } from '../../src/relay.js';
import { finish, firstLine, kill, spawnSource } from '../support/child.js';
import { Person } from '../support/people.js';
import { RelayClient } from '../support/relay-client.js';

const main = new URL('../../src/main.ts', import.meta.url);
/** Each of these starts an embedded database or two, on a machine that has other work as well. */
const longTestMs = 120_000;

describe('the sotto-relay command', () => {
  let folder: string;
  let children: ChildProcess[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sotto-relay-'));
    children = [];
  });
  afterEach(async () => {
    await Promise.all(children.map(kill));
    await rm(folder, { recursive: true, force: true });
  });

  function start(env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawnSource(main, [], { SOTTO_PORT: '0', SOTTO_DATA: folder, DATABASE_URL: '', ...env });
    children.push(child);
    return child;
  }

  async function portOf(child: ChildProcess): Promise<number> {
    const line = JSON.parse(await firstLine(child)) as { event: string; port: number };
    expect(line.event).toBe('listening');
    return line.port;
  }

  /** What a failed start says: one line, no stack, exit code 1. */
  async function failureOf(child: ChildProcess): Promise<string> {
    const { code, stdout, stderr } = await finish(child);
    expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
    return stderr.trim();
  }

  it(
    'keeps accounts and its id when it is killed and started again',
    async () => {
      const first = start();
      const client = new RelayClient(`http://127.0.0.1:${await portOf(first)}`);
      const person = new Person();
      await client.register(person);
      const { relayId } = await client.ok('relay.info', {});
      await kill(first);

      const second = start();
      const again = new RelayClient(`http://127.0.0.1:${await portOf(second)}`);
      expect((await again.ok('relay.info', {})).relayId).toBe(relayId);
      expect((await again.login(person)).status).toBe(200);
      second.kill('SIGTERM');
      const [code] = (await once(second, 'exit')) as [number];
      expect(code).toBe(0);
    },
    longTestMs,
  );

  it(
    'refuses a folder that another relay has, and leaves that one alone',
    async () => {
      const relay = await createRelay({ port: 0, dataFolder: folder, logLevel: 'silent' });
      try {
        expect(await failureOf(start())).toBe(
          'sotto-relay: the data folder is in use by another relay: stop it, or choose another folder',
        );
        await new RelayClient(relay.url).nonce();
      } finally {
        await relay.close();
      }
    },
    longTestMs,
  );

  it(
    'refuses a port that is taken, and gives its folder back',
    async () => {
      const occupant = createServer().listen(0, '127.0.0.1');
      await once(occupant, 'listening');
      const { port } = occupant.address() as AddressInfo;
      expect(await failureOf(start({ SOTTO_PORT: String(port) }))).toBe(
        `sotto-relay: port ${port} is in use by another program: choose another with SOTTO_PORT`,
      );
      occupant.close();
      await (await createRelay({ port: 0, dataFolder: folder, logLevel: 'silent' })).close();
    },
    longTestMs,
  );

  it(
    'migrates and looks at an embedded relay without serving it, and knows no other command',
    async () => {
      const command = async (...parameters: string[]) => {
        const env = { SOTTO_DATA: folder, DATABASE_URL: '', REDIS_URL: '' };
        const child = spawnSource(main, parameters, env);
        children.push(child);
        const { code, stdout, stderr } = await finish(child);
        return { code, said: `${stdout}${stderr}`.trim() };
      };
      expect(await command('migrate')).toEqual({ code: 0, said: `migrations applied: ${migrations.length}` });
      expect(await command('migrate')).toEqual({ code: 0, said: 'migrations applied: 0' });
      const { code, said } = await command('doctor');
      expect(code).toBe(0);
      expect(said).toMatch(/^ok +configuration: .*\nok +database: embedded/);
      expect(await command('heal')).toEqual({
        code: 2,
        said: 'usage: sotto-relay [serve | migrate | doctor]',
      });
    },
    longTestMs,
  );

  it('refuses wrong settings', async () => {
    const failures = await Promise.all([
      failureOf(start({ SOTTO_PORT: 'http' })),
      failureOf(start({ DATABASE_URL: 'postgres://user:canary@127.0.0.1:1/x' })),
    ]);
    expect(failures).toEqual([
      'sotto-relay: SOTTO_PORT (port) must be a number from 0 to 65535',
      'sotto-relay: SOTTO_SECRET (secret) is required with DATABASE_URL: all nodes must share it',
    ]);
  });

  it('says that a database server is away, and not where it would be', async () => {
    const env = { DATABASE_URL: 'postgres://user:canary@127.0.0.1:1/x', SOTTO_SECRET: 'A'.repeat(43) };
    expect(await failureOf(start(env))).toBe('sotto-relay: the database cannot be opened: ECONNREFUSED');
  });

  it('refuses a data folder that is a file', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    const failure = await failureOf(start({ SOTTO_DATA: file }));
    expect(failure).toBe('sotto-relay: the data folder (SOTTO_DATA) cannot be used: EEXIST');
  });
});

describe('the secret in the data folder', () => {
  it(
    'is made once, readable by its owner alone, and refused when damaged',
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'sotto-secret-'));
      const secret = path.join(folder, 'secret');
      const config = { port: 0, dataFolder: folder, logLevel: 'silent' } as const;
      const first = await createRelay(config);
      const person = new Person();
      const { refreshToken } = await new RelayClient(first.url).register(person);
      await first.close();
      const made = await readFile(secret, 'utf8');
      expect(Buffer.from(made.trim(), 'base64url')).toHaveLength(32);
      expect((await stat(secret)).mode & 0o777).toBe(0o600);

      const second = await createRelay(config);
      expect(await readFile(secret, 'utf8')).toBe(made);
      // Tokens are derived from the secret, so one of the first run proves that it is the same.
      await new RelayClient(second.url).ok('auth.refresh', person.refresh(refreshToken));
      await second.close();

      await writeFile(secret, 'damaged');
      await expect(createRelay(config)).rejects.toThrow(/secret in the data folder is damaged/);
      await rm(folder, { recursive: true });
    },
    longTestMs,
  );
});
