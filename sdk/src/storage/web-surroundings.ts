/** What a browser says of the room it gives: how much, and whether for good. Knows no database. */
import type { StoragePersistence } from '../ports/storage-health.js';
import type { Surroundings } from './health.js';
import { persistBuckets, type WebPlace } from './web-bucket.js';

function manager(): Partial<StorageManager> | undefined {
  return (globalThis as { navigator?: { storage?: Partial<StorageManager> } }).navigator?.storage;
}

/** A question that some browsers do not know, and others refuse. */
async function answer<Value>(question: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await question;
  } catch {
    return undefined;
  }
}

function persistenceOf(isPersistent: boolean | undefined): StoragePersistence {
  if (isPersistent === undefined) return 'unknown';
  return isPersistent ? 'granted' : 'not-granted';
}

/** What the browser says now. @param place - where the data lie; the origin's shared place by default */
export async function webSurroundings(place?: WebPlace): Promise<Omit<Surroundings, 'durability'>> {
  const storage = place?.room ?? manager();
  const [isPersistent, estimate] = await Promise.all([
    answer(storage?.persisted?.()),
    answer(storage?.estimate?.()),
  ]);
  return {
    persistence: persistenceOf(isPersistent),
    usageBytes: estimate?.usage,
    quotaBytes: estimate?.quota,
  };
}

/**
 * Asks the browser to keep this origin's data until the user removes them. Some ask the user, some decide by
 * how the page is used; ask again later where it was not granted. Pages can ask, workers cannot.
 * @returns `unknown` where nobody can be asked
 */
export async function requestPersistence(): Promise<StoragePersistence> {
  const isPersistent = await answer(manager()?.persist?.());
  if (isPersistent === true) await answer(persistBuckets());
  return persistenceOf(isPersistent);
}
