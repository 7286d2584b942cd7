/** The storage of docs/adapters.md, taken from the page as it stands, against the suite. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { openPGliteDatabase, type Database } from '@sotto/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { runStorageConformance } from '../../src/testing/storage-conformance.js';

interface Guide {
  readonly sqlStorageSchema: string;
  readonly SqlStorage: new (database: Database, store: string) => StorageAdapter;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
let folder: string;
let database: Database;
let guide: Guide;
let storeCount = 0;

beforeAll(async () => {
  const page = await readFile(join(root, 'docs/adapters.md'), 'utf8');
  const block = /```ts\n(import \{ SottoError \}.*?)```/s.exec(page)?.[1];
  expect(block).toContain('class SqlStorage');
  // Inside the repository, so that the packages are found.
  await mkdir(join(root, 'temp'), { recursive: true });
  folder = await mkdtemp(join(root, 'temp', 'adapters-guide-'));
  await writeFile(join(folder, 'sql-storage.ts'), block ?? '');
  guide = (await import(join(folder, 'sql-storage.ts'))) as Guide;
  database = await openPGliteDatabase();
  for (const statement of guide.sqlStorageSchema.split(';')) {
    if (statement.trim() !== '') await database.query(statement);
  }
});

afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** PGlite's own coding of bytes takes half a minute for the largest value of the port. */
const slowCase = 'keeps every byte, and values of 16 MiB';

runStorageConformance(
  {
    describe,
    it: (name, body) => {
      if (!name.startsWith(slowCase) || process.env['SLOW']) it(name, { timeout: 120_000 }, body);
    },
  },
  {
    name: 'the guide’s SQL storage',
    createMedium: () => {
      storeCount += 1;
      const store = `store ${storeCount}`;
      return { open: () => new guide.SqlStorage(database, store) };
    },
    supports: { concurrentAdapters: true },
  },
);
