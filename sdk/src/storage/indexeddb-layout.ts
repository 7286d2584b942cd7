/** How a storage lies in IndexedDB, for who writes it and for who looks whether it is there. Knows no values. */
import { SottoError } from '../errors.js';
import type { Clock } from '../ports/host.js';
import { openDatabase, result } from './open-indexeddb.js';

/** The version of the layout. */
export const layoutVersion = 1;
/** The one object store. */
export const storeName = 'pairs';
/** Outside of the user's keys: `!` is in none of them and sorts before all. */
export const metaKey = '!sotto';
/** The smallest character of a key. */
export const firstUserKey = '-';
/** The character after the greatest of a key. */
export const afterUserKeys = '\x7f';

/** What a database says of itself. */
export interface StorageMeta {
  readonly fence: number;
  /** About when the latest commit was, in milliseconds since the Unix epoch; of what was never committed to, nothing. */
  readonly committedAt?: number;
  /** It was emptied on purpose, and is to be removed. */
  readonly cleared?: true;
}

/** @throws SottoError `storage-corrupt` */
export async function readMeta(store: IDBObjectStore): Promise<StorageMeta | undefined> {
  const meta = await result(store.get(metaKey) as IDBRequest<StorageMeta | undefined>);
  if (meta !== undefined && !Number.isSafeInteger(meta.fence)) throw new SottoError('storage-corrupt');
  return meta;
}

/** What tells whether a database was ever used. @throws SottoError `storage-corrupt` */
export async function readFacts(
  store: IDBObjectStore,
): Promise<{ readonly meta: StorageMeta | undefined; readonly hasPairs: boolean }> {
  const userKeys = IDBKeyRange.bound(firstUserKey, afterUserKeys, false, true);
  const [meta, first] = await Promise.all([readMeta(store), result(store.getKey(userKeys))]);
  return { meta, hasPairs: first !== undefined };
}

/**
 * What lies under a name, without making anything.
 * @throws SottoError `storage-corrupt` when it is no storage, and as `openDatabase`
 */
export async function findIndexedDb(
  name: string,
  clock: Clock,
): Promise<{
  readonly database: 'absent' | 'empty' | 'present';
  readonly cleared: boolean;
  readonly lastCommitAt: number | undefined;
}> {
  const description = { name, version: layoutVersion, upgrade: () => undefined, mayCreate: false };
  const database = await openDatabase(description, clock);
  if (!database) return { database: 'absent', cleared: false, lastCommitAt: undefined };
  try {
    if (!database.objectStoreNames.contains(storeName)) throw new SottoError('storage-corrupt');
    const { meta, hasPairs } = await readFacts(database.transaction(storeName).objectStore(storeName));
    const isUsed = hasPairs || meta?.committedAt !== undefined;
    return {
      database: isUsed ? 'present' : 'empty',
      cleared: meta?.cleared === true,
      lastCommitAt: meta?.committedAt,
    };
  } finally {
    database.close();
  }
}
