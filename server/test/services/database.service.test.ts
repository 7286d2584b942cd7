import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completeConfig } from '../../src/config.js';
import { createRelayLog } from '../../src/logging/relay-log.js';
import { openRelayStorage } from '../../src/relay-storage.js';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { jobLock } from '../../src/storage/postgres/job-lock.js';
import { runDatabaseSuite } from '../storage/database-suite.js';
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
