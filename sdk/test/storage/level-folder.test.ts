/** What a level storage does with its folder. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { levelStorage } from '../../src/storage/level/index.js';
import { temporaryPath } from './temporary-folder.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.doUnmock('classic-level');
  vi.resetModules();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function freshPath(): Promise<string> {
  const { path, remove } = await temporaryPath('storage');
  cleanups.push(remove);
  return path;
}

function opened(path: string) {
  const storage = levelStorage(path);
  cleanups.push(() => storage.close());
  return storage;
}

const value = new TextEncoder().encode('value');

describe('the folder of a level storage', () => {
  it('is made on first use, for its owner alone', async () => {
    const path = await freshPath();
    const storage = opened(path);
    expect(existsSync(path)).toBe(false);
    await storage.get(['a']);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(storage.durability).toBe('power-loss');
  });

  it('goes with destroy, and nothing is left beside it', async () => {
    const path = await freshPath();
    const storage = opened(path);
    const fence = await storage.acquire();
    await storage.commit([{ key: 'a', value }], { fence });
    await storage.destroy({ fence });
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('is clean of what an interrupted removal left', async () => {
    const path = await freshPath();
    await mkdir(`${path}.removed`, { recursive: true });
    await writeFile(join(`${path}.removed`, '000005.ldb'), 'old keys');
    await opened(path).get(['a']);
    expect(existsSync(`${path}.removed`)).toBe(false);
  });

  it('is free again after a failed opening, and can be opened by the same adapter', async () => {
    const path = await freshPath();
    const first = opened(path);
    const second = opened(path);
    await first.acquire();
    await expect(second.acquire()).rejects.toMatchObject({ code: 'storage-locked' });
    await first.close();
    await expect(second.acquire()).resolves.toBe(2);
  });

  it('ends in storage-failed with its cause when it is no folder, and in storage-corrupt when it is damaged', async () => {
    const path = await freshPath();
    await writeFile(path, 'a file');
    await expect(opened(path).get(['a'])).rejects.toMatchObject({
      code: 'storage-failed',
      cause: { code: 'EEXIST' },
    });
    const damaged = `${path}-damaged`;
    const storage = opened(damaged);
    await storage.acquire();
    await storage.close();
    await writeFile(join(damaged, 'CURRENT'), 'nonsense\n');
    await expect(opened(damaged).get(['a'])).rejects.toMatchObject({ code: 'storage-corrupt' });
  });

  it.each(['{"format":2,"fence":1}', '{"format":1}', 'no JSON'])(
    'ends in storage-corrupt when what it says of itself is %s, and is let go of',
    async (meta) => {
      const path = await freshPath();
      const level = new ClassicLevel(path);
      await level.put('!sotto', meta);
      await level.close();
      await expect(opened(path).get(['a'])).rejects.toMatchObject({ code: 'storage-corrupt' });
      await level.open();
      await level.close();
    },
  );
});

describe('a level storage', () => {
  it('says which package is missing', async () => {
    vi.doMock('classic-level', () => {
      throw new Error('Cannot find package');
    });
    vi.resetModules();
    const { levelStorage: fresh } = await import('../../src/storage/level/index.js');
    await expect(fresh(await freshPath()).acquire()).rejects.toMatchObject({
      code: 'storage-failed',
      cause: { message: expect.stringContaining('npm install classic-level') },
    });
  });

  it('asks for what survives the process alone when told so', async () => {
    const storage = levelStorage(await freshPath(), { durability: 'process' });
    expect(storage.durability).toBe('process');
    const fence = await storage.acquire();
    await storage.commit([{ key: 'a', value }], { fence });
    await storage.close();
  });

  it('refuses what is no path', () => {
    expect(() => levelStorage('')).toThrow(TypeError);
    expect(() => levelStorage(7 as never)).toThrow(TypeError);
  });
});
