/** The storage port over IndexedDB, for pages and workers. Several tabs may have one open; the fence decides. */
import { systemClock } from '../../host.js';
import type { Clock } from '../../ports/host.js';
import type { StorageAdapter, StorageDurability } from '../../ports/storage.js';
import type { StorageHealth } from '../../ports/storage-health.js';
import { DatabaseStorage } from '../database-storage.js';
import { findBucket } from '../web-bucket.js';
import { webSurroundings } from '../web-surroundings.js';
import { indexedDbDurability } from './durability.js';
import { IndexedDbDatabase } from './indexeddb-database.js';

/** Longest name of a database. */
const maxNameLength = 256;

/** A storage in IndexedDB, which can say how it is. */
export interface IndexedDbStorage extends StorageAdapter {
  health(): Promise<StorageHealth>;
}

/** Options of {@link indexedDbStorage}. */
export interface IndexedDbStorageOptions {
  /**
   * `power-loss` (the default): asks the browser for strict transactions, which end when the drive says that it
   * has them. What a browser that knows no strict ones gives is `process`, and then the adapter says so.
   * `process`: relaxed ones, which survive the death of the browser alone; faster.
   */
  readonly durability?: Exclude<StorageDurability, 'none'>;
  /** Times how long another tab may block; the platform's by default. */
  readonly clock?: Clock;
}

/**
 * A storage in an IndexedDB database of this origin, over the optional package `idb-keyval`. The database is made
 * on first use, in a storage bucket of its own where the browser has those: there `destroy` leaves no file. Several
 * adapters, tabs and workers may have it open, and the one that acquired last writes. Two accounts are two names.
 * Values are not encrypted. `destroy` deletes the database; others that have it open are told, and get
 * `storage-evicted` from then on.
 *
 * A browser may remove the database altogether: for want of space, when the user clears it, and, in Chromium,
 * when it takes it for damaged after crashes. Nothing older ever comes back. It is not taken for a first run as
 * long as the rest of the origin's data is there: every method but `close` and `health` then rejects with
 * `storage-evicted`, until `removeIndexedDbStorage` makes room for a new beginning.
 *
 * Besides the errors of the port: `storage-full` when the quota is used up (nothing of that commit is there),
 * `storage-evicted` when the database was removed, while it was open or before, `storage-locked` when another tab
 * does not let go of it for five seconds (for thirty, where the browser does not tell that one is in the way), or a
 * later version of this code took it over.
 * @param name - the name of the database, 1 to 256 characters
 */
export function indexedDbStorage(name: string, options: IndexedDbStorageOptions = {}): IndexedDbStorage {
  if (typeof name !== 'string' || name === '' || name.length > maxNameLength) {
    throw new TypeError('name is the name of a database, 1 to 256 characters');
  }
  const { clock = systemClock } = options;
  const durability = indexedDbDurability(options.durability);
  return new DatabaseStorage({
    durability,
    open: () => IndexedDbDatabase.open(name, durability === 'power-loss' ? 'strict' : 'relaxed', clock),
    surroundings: async () => {
      const place = await findBucket('data', name);
      return { durability, ...(await webSurroundings(place)) };
    },
  });
}
