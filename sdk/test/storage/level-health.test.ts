/** What a level storage says of itself and of its folder, and what it does when there is no room. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.js';
import { encryptedStorage } from '../../src/storage/encrypted/index.js';
import { inspectLevelStorage, levelStorage } from '../../src/storage/level/index.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { temporaryPath } from './temporary-folder.js';

const cleanups: (() => Promise<void>)[] = [];
const value = new TextEncoder().encode('value');

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function freshPath(): Promise<string> {
  const { path, remove } = await temporaryPath('health');
  cleanups.push(remove);
  return path;
}

async function usedPath(): Promise<string> {
  const path = await freshPath();
  const storage = levelStorage(path);
  await storage.commit([{ key: 'a', value }], { fence: await storage.acquire() });
  await storage.close();
  return path;
}

describe('the health of a level storage', () => {
  it('is new before the first run, and looking makes nothing', async () => {
    const path = await freshPath();
    expect(await inspectLevelStorage(path)).toMatchObject({ state: 'new', action: 'begin', missing: [] });
    expect(existsSync(path)).toBe(false);
  });

  it('is ready with its room, its last commit and its durability', async () => {
    const path = await freshPath();
    const before = Date.now();
    const storage = levelStorage(path, { durability: 'process' });
    expect(await storage.health()).toMatchObject({ state: 'new' });
    await storage.commit([{ key: 'a', value }], { fence: await storage.acquire() });
    const health = await storage.health();
    expect(health).toMatchObject({
      state: 'ready',
      action: 'open',
      persistence: 'unknown',
      durability: 'process',
      warnings: ['survives-process-only'],
    });
    // Files have the system's clock, which ticks in steps of some milliseconds.
    expect(health.lastCommitAt).toBeGreaterThan(before - 1_000);
    expect(health.usageBytes).toBeGreaterThan(value.length);
    expect(health.quotaBytes).toBeGreaterThan(health.usageBytes ?? Infinity);
    expect(await inspectLevelStorage(path)).toMatchObject({ state: 'locked', action: 'close-other' });
    await storage.close();
    await expect(storage.health()).rejects.toMatchObject({ code: 'storage-closed' });
    expect(await inspectLevelStorage(path)).toMatchObject({ state: 'ready', durability: 'power-loss' });
  });

  it('says which part is missing', async () => {
    const used = await usedPath();
    expect(await inspectLevelStorage(used, { key: 'present' })).toMatchObject({ state: 'ready' });
    expect(await inspectLevelStorage(used, { key: 'absent' })).toMatchObject({
      state: 'key-missing',
      action: 'restore',
      missing: ['key'],
    });
    expect(await inspectLevelStorage(await freshPath(), { key: 'present' })).toMatchObject({
      state: 'data-missing',
      missing: ['database'],
    });
    await expect(inspectLevelStorage(used, { key: 'lost' as never })).rejects.toThrow(TypeError);
  });

  it('is damaged where half of the files are gone, and nothing new is made over the rest', async () => {
    const path = await usedPath();
    await rm(join(path, 'CURRENT'));
    expect(await inspectLevelStorage(path)).toMatchObject({ state: 'damaged', action: 'restore' });
    const before = await readdir(path);
    await expect(levelStorage(path).acquire()).rejects.toMatchObject({ code: 'storage-corrupt' });
    expect(await readdir(path)).toEqual(before);
    const other = await usedPath();
    for (const name of await readdir(other)) {
      if (name.startsWith('MANIFEST')) await rm(join(other, name));
    }
    expect(await levelStorage(other).health()).toMatchObject({ state: 'damaged' });
  });

  it('is unavailable where there is no folder to have', async () => {
    const path = await freshPath();
    await writeFile(path, 'a file');
    expect(await inspectLevelStorage(join(path, 'inside'))).toMatchObject({
      state: 'unavailable',
      action: 'use-another',
    });
  });

  it('takes an empty folder for a new one', async () => {
    const path = await freshPath();
    await mkdir(path);
    expect(await inspectLevelStorage(path)).toMatchObject({ state: 'new' });
  });
});

describe('the health of an encrypted storage', () => {
  const key = (byte: number) => new Secret(new Uint8Array(32).fill(byte));

  it('is that of what lies below, and says when the key is another one', async () => {
    const path = await freshPath();
    const storage = encryptedStorage(levelStorage(path), key(1));
    expect(await storage.health()).toMatchObject({ state: 'new' });
    await storage.commit([{ key: 'a', value }], { fence: await storage.acquire() });
    expect(await storage.health()).toMatchObject({ state: 'ready' });
    await storage.close();
    await expect(storage.health()).rejects.toMatchObject({ code: 'storage-closed' });
    const wrong = encryptedStorage(levelStorage(path), key(2));
    expect(await wrong.health()).toMatchObject({ state: 'wrong-key', action: 'ask-key' });
    await wrong.close();
  });

  it('is told of a storage that says nothing, too', async () => {
    const storage = encryptedStorage(memoryStorage(), key(1));
    expect(await storage.health()).toMatchObject({ state: 'new', durability: 'none', usageBytes: undefined });
    await storage.commit([{ key: 'a', value }], { fence: await storage.acquire() });
    expect(await storage.health()).toMatchObject({ state: 'ready' });
  });
});

describe('a level storage without room', () => {
  it('says so, has nothing of the commit, and goes on when there is room', async () => {
    const path = await freshPath();
    const child = fileURLToPath(new URL('./full-level-child.ts', import.meta.url));
    // No file of the process may grow beyond 256 KiB; the signal that says so is turned into an error.
    const script = 'trap "" XFSZ; ulimit -f 256; exec "$@"';
    const node = [process.execPath, '--conditions=@sotto/source', '--import', 'tsx', child, path];
    const env = { ...process.env, TSX_DISABLE_CACHE: '1' };
    const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...node], { env });
    const outcome = JSON.parse(stdout) as { acknowledged: number };
    expect(outcome).toMatchObject({ code: 'storage-full', untouched: true, state: 'ready', again: 201 });
    expect(outcome).toMatchObject({ rows: outcome.acknowledged });
    expect(outcome.acknowledged).toBeGreaterThan(10);
  });
});
