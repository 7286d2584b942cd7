import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
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
