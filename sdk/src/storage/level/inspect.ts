/** What there is of a storage in a folder, without opening it for use. */
import type { StorageHealth } from '../../ports/storage-health.js';
import { assertKeyPresence, healthOf, stateOfFailure, stateOfParts } from '../health.js';
import { LevelDatabase, translated } from './level-database.js';
import { folderSurroundings, lookAtFolder } from './level-folder.js';

/** Options of {@link inspectLevelStorage}. */
export interface InspectLevelOptions {
  /** Whether the key that the storage is encrypted under is at hand, where the application keeps it. */
  readonly key?: 'present' | 'absent' | undefined;
}

/**
 * What there is in a folder, and what to do about it: for the start of an application, before it opens anything.
 * No folder is made; a database that is there is opened for a moment, as LevelDB knows no other way to look, and
 * let go of. What an open adapter has is `locked`: ask its `health`.
 * @param path - as for `levelStorage`
 * @throws TypeError when `key` is neither
 */
export async function inspectLevelStorage(
  path: string,
  { key }: InspectLevelOptions = {},
): Promise<StorageHealth> {
  assertKeyPresence(key);
  const hasKey = key && key === 'present';
  const surroundings = await folderSurroundings(path, 'power-loss');
  try {
    const { database, lastCommitAt } = await find(path);
    const state = stateOfParts({ database, key: hasKey, wasUsed: false });
    return healthOf(state, { key: hasKey, lastCommitAt }, surroundings);
  } catch (error) {
    return healthOf(stateOfFailure(error), {}, surroundings);
  }
}

async function find(path: string) {
  const { isDatabase, isHeadless } = await translated(() => lookAtFolder(path));
  if (!isDatabase && !isHeadless) return { database: 'absent', lastCommitAt: undefined } as const;
  const database = await LevelDatabase.open(path, true);
  try {
    const { isUsed, lastCommitAt } = await database.look();
    return { database: isUsed ? 'present' : 'empty', lastCommitAt } as const;
  } finally {
    await database.close();
  }
}
