import { afterAll, beforeAll } from 'vitest';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { mailboxOver } from '../mailbox/database-under-test.js';
import { mailboxSuite } from '../mailbox/mailbox-suite.js';
import { startPostgres, type PostgresService } from './postgres-service.js';

let service: PostgresService;
beforeAll(async () => {
  service = await startPostgres();
});
afterAll(() => service.stop());

mailboxSuite('PostgreSQL', async () =>
  mailboxOver(openPostgresDatabase(await service.createDatabase(), { maxConnections: 12 })),
);
