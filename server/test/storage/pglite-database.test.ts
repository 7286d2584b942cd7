import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { runDatabaseSuite } from './database-suite.js';

runDatabaseSuite('PGlite', () => openPGliteDatabase());

it('keeps what was committed when it is opened again on its folder', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sotto-pglite-'));
  const first = await openPGliteDatabase(path.join(folder, 'database'));
  await first.query('CREATE TABLE kept (id int)');
  await first.query('INSERT INTO kept VALUES (1)');
  await first.close();
  const second = await openPGliteDatabase(path.join(folder, 'database'));
  expect(await second.query('SELECT id FROM kept')).toEqual([{ id: 1 }]);
  await second.close();
  await rm(folder, { recursive: true });
});
