import { afterAll, beforeAll } from 'vitest';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { runAccountsSuite } from '../accounts/accounts-suite.js';
import { runTokensSuite } from '../auth/tokens-suite.js';
import { runKeysSuite } from '../keys/keys-suite.js';
import { startPostgres, type PostgresService } from './postgres-service.js';

let service: PostgresService;
beforeAll(async () => {
  service = await startPostgres();
});
afterAll(() => service.stop());

const open = async () => openPostgresDatabase(await service.createDatabase());

runTokensSuite('PostgreSQL', open);
runAccountsSuite('PostgreSQL', open);
runKeysSuite('PostgreSQL', open);
