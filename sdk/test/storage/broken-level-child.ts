/** Level storages that are wrong in one way each, for child processes: the suite must find them out. */
import { levelStorage } from '../../src/storage/level/index.js';
import type { StorageAdapter } from '../../src/ports/storage.js';

/** Which way is in the query of the module's own address. */
const breakage = new URL(import.meta.url).searchParams.get('breakage');

export function open(location: string): StorageAdapter {
  const good = levelStorage(location);
  const methods = {
    acquire: () => good.acquire(),
    get: (keys: readonly string[]) => good.get(keys),
    list: (prefix: string) => good.list(prefix),
    destroy: good.destroy.bind(good),
    close: () => good.close(),
    durability: good.durability,
  };
  const commit: StorageAdapter['commit'] = async (changes, options) => {
    // Half a commit at a time.
    if (breakage === 'halves') for (const change of changes) await good.commit([change], options);
    // Says so first and writes afterwards.
    else void good.commit(changes, options);
  };
  return { ...methods, commit };
}
