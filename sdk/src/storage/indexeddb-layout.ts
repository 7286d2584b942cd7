/** How a storage lies in IndexedDB, for who writes it and for who looks whether it is there. Knows no values. */
import { SottoError } from '../errors.js';
import type { Clock } from '../ports/host.js';
import { openDatabase, result } from './open-indexeddb.js';
import { findBucket, makeBucket, sharedPlace, type WebPlace } from './web-bucket.js';

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
/** Every key of the user's. Beside them and {@link metaKey} lie numbers: the fences that are no longer the last. */
export const userKeys = () => IDBKeyRange.bound(firstUserKey, afterUserKeys, false, true);

/** A database, and where it lies. */
interface PlacedDatabase {
  readonly database: IDBDatabase;
  readonly place: WebPlace;
}

/** The database of a name: in its bucket, or where it was made without one. Makes nothing. */
async function findDatabase(name: string, clock: Clock): Promise<PlacedDatabase | undefined> {
  const place = (await findBucket('data', name)) ?? sharedPlace();
  const description = { place, name, version: layoutVersion, upgrade: () => undefined };
  const database = await openDatabase({ ...description, mayCreate: false }, clock);
  return database && { database, place };
}

/**
 * The database of a name, made if need be.
 * @returns `undefined` where there is none and none may be made
 * @throws SottoError as `openDatabase`
 */
export async function openPlaced(
  name: string,
  mayCreate: boolean,
  clock: Clock,
): Promise<PlacedDatabase | undefined> {
  const found = await findDatabase(name, clock);
  if (found !== undefined || !mayCreate) return found;
  const place = (await makeBucket('data', name)) ?? sharedPlace();
  const upgrade = (made: IDBDatabase) => made.createObjectStore(storeName);
  const description = { place, name, version: layoutVersion, upgrade };
  return { database: await openDatabase(description, clock), place };
}

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
  const [meta, first] = await Promise.all([readMeta(store), result(store.getKey(userKeys()))]);
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
  readonly place: WebPlace | undefined;
}> {
  const found = await findDatabase(name, clock);
  if (!found) return { database: 'absent', cleared: false, lastCommitAt: undefined, place: undefined };
  const { database, place } = found;
  try {
    if (!database.objectStoreNames.contains(storeName)) throw new SottoError('storage-corrupt');
    const { meta, hasPairs } = await readFacts(database.transaction(storeName).objectStore(storeName));
    const isUsed = hasPairs || meta?.committedAt !== undefined;
    return {
      database: isUsed ? 'present' : 'empty',
      cleared: meta?.cleared === true,
      lastCommitAt: meta?.committedAt,
      place,
    };
  } finally {
    database.close();
  }
}
