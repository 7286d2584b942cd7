/** The device's own key: not extractable, kept in IndexedDB. Knows nothing of what it protects. */
import { SottoError } from '../../errors.js';
import { systemClock } from '../../host.js';
import { firstRunMarker, type FirstRunMarker } from '../first-run-marker.js';
import { evicted } from '../health.js';
import { findIndexedDb } from '../indexeddb-layout.js';
import { completed, openDatabase, result, translatedError } from '../open-indexeddb.js';
import { findBucket, makeBucket, removeBucket, sharedPlace, type WebPlace } from '../web-bucket.js';
import { generateSealingKey } from './cipher.js';

const storeName = 'keys';
/** A tab that makes a key marks it in its next step; it is looked for so often meanwhile. */
const markingMs = 1_000;
const lookMs = 50;
/** Where there are buckets it has one key; in the shared place it has those of all names. */
const descriptionIn = (place: WebPlace) => ({
  place,
  name: 'sotto-device-keys',
  version: 1,
  upgrade: (upgraded: IDBDatabase) => upgraded.createObjectStore(storeName),
});

/**
 * The key of a name: AES-GCM, 256 bits, whose bytes no script gets to see. It is made on the first run, and never
 * again: where there once was one, or where data lie under the same name, a new key could open nothing, and an
 * account begun with it would take the place of the one that is lost without a word.
 *
 * It lies in a database of its own, in a storage bucket of its own where the browser has those. Beside the data it
 * protects it stops casual copying alone: whoever has the whole profile has both. A key that was evicted or cleared
 * is lost, and with it what it encrypted.
 * @param name - one per storage; that of its database, so that each is missed when the other is there
 * @throws SottoError `storage-key-missing` when it was made before and is gone: restore a backup, or
 *   `removeDeviceKey` and begin anew. `storage-evicted` when it is all that is left, of data and of what remembers
 *   them: the same. `storage-failed` where there is no IndexedDB or no WebCrypto,
 *   `storage-full`, `storage-locked`
 */
export async function deviceKey(name: string): Promise<CryptoKey> {
  const marker = firstRunMarker('key', name);
  const isMarked = await marker.isSet();
  // Before looking for it: another tab that makes it now marks it after that.
  const { database } = await findIndexedDb(name, systemClock);
  const found = await find(name);
  if (!found && (isMarked === true || database === 'present')) throw new SottoError('storage-key-missing');
  if (found && isMarked === false && database === 'absent' && !(await isMarkedSoon(marker))) throw evicted();
  const key = found ?? (await make(name));
  // After the key, so that a crash in between leaves one that is found.
  if (isMarked !== true) await marker.set();
  return key;
}

/** Whether another tab has just made the key, and marks it by now. */
async function isMarkedSoon(marker: FirstRunMarker): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < markingMs; waitedMs += lookMs) {
    await new Promise<void>((resolve) => systemClock.schedule(lookMs, resolve));
    if (await marker.isSet()) return true;
  }
  return false;
}

async function make(name: string): Promise<CryptoKey> {
  // Before the transaction: it would not wait.
  const fresh = await generateSealingKey();
  const place = (await makeBucket('key', name)) ?? sharedPlace();
  return inStore(place, (store, answer) => {
    const request = store.get(name) as IDBRequest<CryptoKey | undefined>;
    request.onsuccess = () => {
      // Whoever is first makes it, in whichever tab: a transaction has the store alone.
      if (!request.result) store.put(fresh, name);
      answer(request.result ?? fresh);
    };
  });
}

/** Makes nothing, not even the database. */
async function find(name: string): Promise<CryptoKey | undefined> {
  const bucket = await findBucket('key', name);
  return (bucket && (await findIn(bucket, name))) ?? findIn(sharedPlace(), name);
}

async function findIn(place: WebPlace, name: string): Promise<CryptoKey | undefined> {
  const database = await openDatabase({ ...descriptionIn(place), mayCreate: false }, systemClock);
  if (!database) return undefined;
  try {
    const store = database.transaction(storeName).objectStore(storeName);
    return await result(store.get(name) as IDBRequest<CryptoKey | undefined>);
  } catch (error) {
    throw translatedError(error);
  } finally {
    database.close();
  }
}

/**
 * Whether the key of a name is there, for `inspectIndexedDbStorage`. Makes nothing.
 * @throws SottoError `storage-failed` where there is no IndexedDB, `storage-locked`
 */
export async function inspectDeviceKey(name: string): Promise<'present' | 'absent'> {
  return (await find(name)) ? 'present' : 'absent';
}

/**
 * Removes the key of a name, and with it the last way to read what it encrypted. For a key whose data are destroyed
 * by a messenger it is given to `encryptedStorage` as `removeKey`, and not called beside it.
 */
export async function removeDeviceKey(name: string): Promise<void> {
  await removeBucket('key', name);
  await removeShared(name);
  await firstRunMarker('key', name).remove();
}

/** One that was made without a bucket, and where there are none. */
async function removeShared(name: string): Promise<void> {
  const place = sharedPlace();
  if (!(await findIn(place, name))) return;
  await inStore<undefined>(place, (store, answer) => {
    store.delete(name);
    answer(undefined);
  });
}

async function inStore<Result>(
  place: WebPlace,
  work: (store: IDBObjectStore, answer: (result: Result) => void) => void,
): Promise<Result> {
  const database = await openDatabase(descriptionIn(place), systemClock);
  try {
    const transaction = database.transaction(storeName, 'readwrite', { durability: 'strict' });
    let answer: Result | undefined;
    work(transaction.objectStore(storeName), (given) => (answer = given));
    await completed(transaction);
    return answer as Result;
  } catch (error) {
    throw translatedError(error);
  } finally {
    database.close();
  }
}
