import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completeConfig } from '../../src/config.js';
import { createRelayLog } from '../../src/logging/relay-log.js';
import { toProblem } from '../../src/problems.js';
import { openRelayStorage } from '../../src/relay-storage.js';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { jobLock } from '../../src/storage/postgres/job-lock.js';
import { runDatabaseSuite } from '../storage/database-suite.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { startPostgres, type PostgresService } from './postgres-service.js';

let service: PostgresService;
beforeAll(async () => {
  service = await startPostgres();
});
afterAll(() => service.stop());

runDatabaseSuite('PostgreSQL', async () => openPostgresDatabase(await service.createDatabase()));

it('survives the loss of its connections', async () => {
  const url = await service.createDatabase();
  const database = openPostgresDatabase(url, { maxConnections: 2 });
  const other = openPostgresDatabase(url, { maxConnections: 1 });
  const endOthers =
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
  const lost = database.transaction(async (transaction) => {
    await transaction.query('SELECT 1');
    await other.query(endOthers);
    await transaction.query('SELECT 1');
  });
  await expect(lost).rejects.toThrow();
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await database.close();
  await other.close();
});

/** Something to wait for until a test says so. */
function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const problemOf = (error: unknown) => toProblem(error, 'id').code;

it('ends a transaction that lies still, so that nobody waits for a node that is frozen or cut off', async () => {
  const url = await service.createDatabase();
  const proxy = await startTcpProxy([service.port]);
  const away = new URL(url);
  away.port = String(proxy.port);
  const cutOff = openPostgresDatabase(away.href, { stillTransactionTimeoutMs: 300 });
  const other = openPostgresDatabase(url, { stillTransactionTimeoutMs: 300 });
  await other.query('CREATE TABLE things (id int PRIMARY KEY, seen int)');
  await other.query('INSERT INTO things VALUES (1, 0)');
  const [locked, back] = [gate(), gate()];
  const lost = cutOff.transaction(async (transaction) => {
    await transaction.query('UPDATE things SET seen = 1');
    proxy.freeze();
    locked.open();
    await back.opened;
    await transaction.query('SELECT 1');
  });
  lost.catch(() => {});
  await locked.opened;
  await other.query('UPDATE things SET seen = 2');
  proxy.thaw();
  back.open();
  expect(problemOf(await lost.catch((error: unknown) => error))).toBe('unavailable');
  expect(await cutOff.query('SELECT seen FROM things')).toEqual([{ seen: 2 }]);
  await Promise.all([cutOff.close(), other.close()]);
  await proxy.close();
});

it('says of a statement that took too long that it cannot be done now', async () => {
  const database = openPostgresDatabase(await service.createDatabase());
  const late = database.transaction(async (transaction) => {
    await transaction.query('SET LOCAL statement_timeout = 1');
    await transaction.query('SELECT pg_sleep(60)');
  });
  expect(problemOf(await late.catch((error: unknown) => error))).toBe('unavailable');
  await database.close();
});

it('lets upkeep take longer than a transaction may lie still', async () => {
  const database = openPostgresDatabase(await service.createDatabase(), { stillTransactionTimeoutMs: 100 });
  const done = await jobLock(database)(async () => {
    const [still, ended] = [gate(), gate()];
    const other = database.transaction(async (transaction) => {
      await transaction.query('SELECT 1');
      still.open();
      await ended.opened;
      await transaction.query('SELECT 1');
    });
    other.catch(() => {});
    await still.opened;
    const sql = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND query = 'SELECT 1'";
    await waitFor('the other one to be ended', async () => (await database.query(sql)).length === 0);
    ended.open();
    await expect(other).rejects.toThrow();
  });
  expect(done).toBe(true);
  await database.close();
});

it('lets one of several nodes do what needs doing once, and the next one when that one is gone', async () => {
  const url = await service.createDatabase();
  const [first, second] = [openPostgresDatabase(url), openPostgresDatabase(url)];
  const done: string[] = [];
  let release!: () => void;
  const held = new Promise<void>((resolve) => (release = resolve));
  let entered!: () => void;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const atIt = jobLock(first)(async () => {
    entered();
    await held;
    done.push('first');
  });
  await inside;
  expect(await jobLock(second)(async () => void done.push('second'))).toBe(false);
  release();
  expect(await atIt).toBe(true);
  expect(await jobLock(second)(async () => void done.push('second'))).toBe(true);
  expect(done).toEqual(['first', 'second']);
  await Promise.all([first.close(), second.close()]);
});

it('is how nodes on one database share their upkeep', async () => {
  const config = completeConfig({ databaseUrl: await service.createDatabase(), secret: randomBytes(32) });
  const log = createRelayLog({ level: 'silent', now: () => 0 });
  const parts = { database: undefined, random: (length: number) => randomBytes(length), log };
  const [first, second] = await Promise.all([
    openRelayStorage(config, parts),
    openRelayStorage(config, parts),
  ]);
  const meanwhile: boolean[] = [];
  const done = await first.asOnlyNode(async () => {
    meanwhile.push(await second.asOnlyNode(async () => {}));
  });
  expect([done, ...meanwhile]).toEqual([true, false]);
  await Promise.all([first.close(), second.close()]);
});
