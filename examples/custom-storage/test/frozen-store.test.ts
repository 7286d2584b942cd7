/** A file of an earlier release opens, and holds what it held. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { sqliteStorage } from '../src/sqlite-storage.js';

const folder = fileURLToPath(new URL('../../../test-vectors/stores/v1/', import.meta.url));

async function read<Content>(name: string): Promise<Content> {
  return JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Content;
}

it('opens a file of layout v1', async () => {
  const { file } = await read<{ readonly file: string }>('sqlite');
  const { stores } = await read<{ readonly stores: readonly Record<string, string>[] }>('portable');
  const parent = await mkdtemp(join(tmpdir(), 'sotto-frozen-'));
  const path = join(parent, 'data');
  await writeFile(path, Buffer.from(file, 'base64'));
  const storage = sqliteStorage(path);
  const pairs: Record<string, string> = {};
  for await (const { key, value } of storage.list('')) pairs[key] = Buffer.from(value).toString('base64');
  expect(pairs).toEqual(stores[0]);
  // The fence goes on from where it was.
  expect(await storage.acquire()).toBe(2);
  await storage.close();
  await rm(parent, { recursive: true, force: true });
});
