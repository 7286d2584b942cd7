/** The published suite against the SQLite storage, processes killed in the middle of commits included. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { Secret } from '@sotto/sdk';
import { runStorageConformance } from '@sotto/sdk/testing';
import { sqliteStorage } from '../src/sqlite-storage.js';

async function createFile() {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-sqlite-'));
  return { path: join(folder, 'data'), remove: () => rm(folder, { recursive: true, force: true }) };
}

runStorageConformance(
  { describe, it: (name, body) => it(name, { timeout: 120_000 }, body) },
  {
    name: 'SQLite',
    createMedium: async () => {
      const { path, remove } = await createFile();
      return { open: () => sqliteStorage(path), location: path, dispose: remove };
    },
    supports: {
      concurrentAdapters: false,
      destroyRemovesMedium: true,
      killChild: {
        module: new URL('./open.ts', import.meta.url),
        execArgv: ['--conditions=@sotto/source', '--import', 'tsx'],
        rounds: process.env['SLOW'] ? 100 : 8,
      },
    },
  },
);

runStorageConformance(
  { describe, it: (name, body) => it(name, { timeout: 120_000 }, body) },
  {
    name: 'encrypted over SQLite',
    createMedium: async () => {
      const { path, remove } = await createFile();
      const key = () => new Secret(new Uint8Array(32).fill(1));
      return { open: () => encryptedStorage(sqliteStorage(path), key()), location: path, dispose: remove };
    },
    supports: { concurrentAdapters: false, destroyRemovesMedium: true },
  },
);

describe('a SQLite storage', () => {
  it('leaves nothing beside it when it is destroyed', async () => {
    const { path, remove } = await createFile();
    const storage = sqliteStorage(path);
    await storage.destroy({ fence: await storage.acquire() });
    expect(await readdir(join(path, '..'))).toEqual([]);
    await remove();
  });

  it('does not encrypt, and does under encryptedStorage', async () => {
    const { path, remove } = await createFile();
    const storage = encryptedStorage(sqliteStorage(path), new Secret(new Uint8Array(32).fill(1)));
    const value = new TextEncoder().encode('the words');
    await storage.commit([{ key: 'a/name', value }], { fence: await storage.acquire() });
    expect(await storage.get(['a/name'])).toEqual([value]);
    await storage.close();
    const { readFile } = await import('node:fs/promises');
    const file = (await readFile(path)).toString('latin1');
    expect(file).not.toMatch(/words|name/);
    await remove();
  });
});
