/** The folder of a level storage, seen from outside: what lies in it, and how much room there is. Changes nothing. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StorageDurability } from '../../ports/storage.js';
import type { Surroundings } from '../health.js';

/** Files that LevelDB keeps pairs in. */
const dataFile = /^\d+\.(?:ldb|sst|log)$/;

/** What a folder is called while it is being removed. */
export function removedPath(path: string): string {
  return `${path.replace(/[/\\]+$/, '')}.removed`;
}

/** What a look at the files tells. */
export interface LevelFolder {
  /** Whether a database was made in it. */
  readonly isDatabase: boolean;
  /** There are data without the file that names the current state: the remains of a database. */
  readonly isHeadless: boolean;
  readonly bytes: number;
  /** When a file with pairs was last written to, in whole milliseconds since the Unix epoch. */
  readonly lastWriteAt: number | undefined;
}

/** One that is not there is as good as empty. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** LevelDB removes files of its own in the background. */
const statOrNothing = (file: string) => stat(file).catch(() => undefined);

/** @throws ErrnoException when it cannot be read */
export async function lookAtFolder(path: string): Promise<LevelFolder> {
  const names = await namesIn(path);
  const stats = await Promise.all(names.map((name) => statOrNothing(join(path, name))));
  const written = names.flatMap((name, index) => {
    const file = stats[index];
    return dataFile.test(name) && file && file.size > 0 ? [Math.floor(file.mtimeMs)] : [];
  });
  const isDatabase = names.includes('CURRENT');
  return {
    isDatabase,
    isHeadless: !isDatabase && written.length > 0,
    bytes: stats.reduce((sum, file) => sum + (file?.size ?? 0), 0),
    lastWriteAt: written.length > 0 ? Math.max(...written) : undefined,
  };
}

/** The nearest folder above that exists. */
async function existing(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((await statOrNothing(folder)) || dirname(folder) === folder) return folder;
  }
}

/** How much room the disk has. Node promises nothing about keeping files, and removes none. */
export async function folderSurroundings(path: string, durability: StorageDurability): Promise<Surroundings> {
  const usageBytes = (await lookAtFolder(path).catch(() => undefined))?.bytes;
  const disk = await statfs(await existing(path)).catch(() => undefined);
  const quotaBytes = disk && usageBytes !== undefined ? usageBytes + disk.bavail * disk.bsize : undefined;
  return { durability, persistence: 'unknown', usageBytes, quotaBytes };
}
