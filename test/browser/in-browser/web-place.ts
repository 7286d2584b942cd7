/** Where a name's database lies in this browser, for tests that meddle with it behind the adapter's back. */
import {
  findBucket,
  removeBucket,
  sharedPlace,
  type WebPlaceKind,
} from '../../../sdk/src/storage/web-bucket.js';

/** The factory that has it. */
export async function factoryOf(kind: WebPlaceKind, name: string): Promise<IDBFactory> {
  return ((await findBucket(kind, name)) ?? sharedPlace()).factory;
}

/** Names of all databases that a script of this origin can find, in every bucket. */
export async function databasesOfOrigin(): Promise<{ factory: IDBFactory; name: string }[]> {
  const { storageBuckets } = navigator as unknown as {
    storageBuckets?: { keys(): Promise<string[]>; open(name: string): Promise<{ indexedDB: IDBFactory }> };
  };
  const factories = [indexedDB];
  for (const name of (await storageBuckets?.keys()) ?? []) {
    factories.push((await storageBuckets!.open(name)).indexedDB);
  }
  const found = factories.map(async (factory) =>
    (await factory.databases()).map(({ name }) => ({ factory, name: name as string })),
  );
  return (await Promise.all(found)).flat();
}

/** Deletes what lies under a name as a browser does that wants the room. */
export async function evict(kind: WebPlaceKind, name: string, database = name): Promise<void> {
  if (await findBucket(kind, name)) return removeBucket(kind, name);
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error as DOMException);
  });
}
