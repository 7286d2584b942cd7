/** The device's own key: not extractable, kept in IndexedDB. Knows nothing of what it protects. */
import { systemClock } from '../../host.js';
import { completed, openDatabase, translatedError } from '../open-indexeddb.js';
import { generateSealingKey } from './cipher.js';

const databaseName = 'sotto-device-keys';
const storeName = 'keys';

/**
 * The key of a name, made when there is none: AES-GCM, 256 bits, whose bytes no script gets to see. It lies in a
 * database of its own in this origin. Beside the data it protects it stops casual copying alone: whoever has
 * the whole profile has both. A key that was evicted or cleared is lost, and with it what it encrypted; the new
 * one that comes in its place then ends in `storage-wrong-key`.
 * @param name - one per storage
 * @throws SottoError `storage-failed` where there is no IndexedDB or no WebCrypto, `storage-full`, `storage-locked`
 */
export async function deviceKey(name: string): Promise<CryptoKey> {
  // Before the transaction: it would not wait.
  const fresh = await generateSealingKey();
  return inStore((store, answer) => {
    const request = store.get(name) as IDBRequest<CryptoKey | undefined>;
    request.onsuccess = () => {
      // Whoever is first makes it, in whichever tab: a transaction has the store alone.
      if (!request.result) store.put(fresh, name);
      answer(request.result ?? fresh);
    };
  });
}

/** Removes the key of a name, and with it the last way to read what it encrypted. */
export async function removeDeviceKey(name: string): Promise<void> {
  await inStore<undefined>((store, answer) => {
    store.delete(name);
    answer(undefined);
  });
}

async function inStore<Result>(
  work: (store: IDBObjectStore, answer: (result: Result) => void) => void,
): Promise<Result> {
  const upgrade = (upgraded: IDBDatabase) => upgraded.createObjectStore(storeName);
  const database = await openDatabase({ name: databaseName, version: 1, upgrade }, systemClock);
  try {
    const transaction = database.transaction(storeName, 'readwrite', { durability: 'strict' });
    let result: Result | undefined;
    work(transaction.objectStore(storeName), (answer) => (result = answer));
    await completed(transaction);
    return result as Result;
  } catch (error) {
    throw translatedError(error);
  } finally {
    database.close();
  }
}
