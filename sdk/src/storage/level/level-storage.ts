/** The storage port over LevelDB in a folder, for Node. One process at a time has the folder. */
import type { StorageAdapter, StorageDurability } from '../../ports/storage.js';
import type { StorageHealth } from '../../ports/storage-health.js';
import { DatabaseStorage } from '../database-storage.js';
import { LevelDatabase } from './level-database.js';
import { folderSurroundings } from './level-folder.js';

/** A storage in a folder, which can say how it is. */
export interface LevelStorage extends StorageAdapter {
  health(): Promise<StorageHealth>;
}

/** Options of {@link levelStorage}. */
export interface LevelStorageOptions {
  /**
   * `power-loss` (the default): each commit waits until the operating system says that the drive has it.
   * That is as good as the drive's word: one that reports a flush it did not make can still lose it.
   * `process`: commits are handed to the operating system and survive the death of the process alone;
   * several times faster.
   */
  readonly durability?: Exclude<StorageDurability, 'none'>;
}

/**
 * A storage in a folder, over the optional package `classic-level`. The folder is made on first use
 * with access for its owner alone, and locked while it is open: another process, or another adapter,
 * gets `storage-locked`. Values are not encrypted. `destroy` removes the folder.
 *
 * Besides the errors of the port: `storage-full` when the disk is (nothing of that commit is there), and
 * `storage-corrupt` when the folder holds the remains of a database or one of a later version.
 * @param path - a folder of its own, absolute or relative to the working directory
 */
export function levelStorage(path: string, options: LevelStorageOptions = {}): LevelStorage {
  if (typeof path !== 'string' || path === '') throw new TypeError('path is the name of a folder');
  const durability = options.durability ?? 'power-loss';
  return new DatabaseStorage({
    durability,
    open: () => LevelDatabase.open(path, durability === 'power-loss'),
    surroundings: () => folderSurroundings(path, durability),
  });
}
