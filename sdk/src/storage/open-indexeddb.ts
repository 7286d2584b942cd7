/**
 * Opens and deletes IndexedDB databases, and translates what IndexedDB fails with. Beside the adapters because
 * two of them need it; knows no pairs and no fence.
 */
import { SottoError } from '../errors.js';
import type { Clock } from '../ports/host.js';
import type { WebPlace } from './web-bucket.js';

/** A tab that is told to let go of a database does so within a task; one that is frozen never does. */
const blockedTimeoutMs = 5_000;
/**
 * Nobody is told of a request that stands behind a removal which another tab blocks; one that is merely slow, as
 * after a crash, has this long.
 */
const answerTimeoutMs = 30_000;

/** What to open. */
export interface DatabaseDescription {
  readonly place: WebPlace;
  readonly name: string;
  /** Layouts count from 1. */
  readonly version: number;
  /** Makes the layout; called in the transaction of the upgrade. */
  readonly upgrade: (database: IDBDatabase, oldVersion: number) => void;
  /** Whether one that is not there may be made; `true` by default. */
  readonly mayCreate?: boolean;
}

/** In Chromium a database stands still for ever once the bucket it lies in was garbage-collected. */
const placesInUse = new WeakMap<IDBDatabase, WebPlace>();

type StorageCode = 'storage-failed' | 'storage-full' | 'storage-corrupt' | 'fenced';

/** What a name in `DOMException` means here. */
const codesByName: Readonly<Record<string, StorageCode>> = {
  QuotaExceededError: 'storage-full',
  // The database is of a later version of this code.
  VersionError: 'storage-corrupt',
  // Nothing is added but the mark of a fence, where there is none.
  ConstraintError: 'fenced',
};

/** Any failure of IndexedDB as one of the port. */
export function translatedError(error: unknown): Error {
  if (error instanceof SottoError) return error;
  const name = (error as { readonly name?: unknown } | null)?.name;
  const code = typeof name === 'string' ? codesByName[name] : undefined;
  return new SottoError<StorageCode>(code ?? 'storage-failed', { cause: error });
}

/** @throws SottoError `storage-locked` when another tab does not let go, `storage-failed`, `storage-full`, `storage-corrupt` */
export async function openDatabase(
  description: DatabaseDescription & { readonly mayCreate?: true },
  clock: Clock,
): Promise<IDBDatabase>;
/** @returns `undefined` where there is none and none may be made @throws SottoError as above */
export async function openDatabase(
  description: DatabaseDescription,
  clock: Clock,
): Promise<IDBDatabase | undefined>;
export async function openDatabase(
  { place, name, version, upgrade, mayCreate = true }: DatabaseDescription,
  clock: Clock,
): Promise<IDBDatabase | undefined> {
  const request = place.factory.open(name, version);
  let isAbsent = false;
  request.onupgradeneeded = ({ oldVersion }) => {
    isAbsent = oldVersion === 0 && !mayCreate;
    // What is aborted here was never there.
    if (isAbsent) request.transaction?.abort();
    else upgrade(request.result, oldVersion);
  };
  try {
    const database = await answered(request, clock, (late) => {
      late.close();
    });
    placesInUse.set(database, place);
    return database;
  } catch (error) {
    if (isAbsent) return undefined;
    throw error;
  }
}

/** @throws SottoError `storage-locked` when another tab does not let go; it is deleted when that one is gone */
export async function deleteDatabase({ factory }: WebPlace, name: string, clock: Clock): Promise<void> {
  await answered(factory.deleteDatabase(name), clock, () => undefined);
}

/** The result of a request that others may block. @param tooLate - gets a result that nobody waits for any more */
function answered<Result>(
  request: IDBOpenDBRequest & IDBRequest<Result>,
  clock: Clock,
  tooLate: (result: Result) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const giveUp = () => {
      isLate = true;
      reject(new SottoError('storage-locked'));
    };
    let cancel = clock.schedule(answerTimeoutMs, giveUp);
    request.onblocked = () => {
      cancel();
      cancel = clock.schedule(blockedTimeoutMs, giveUp);
    };
    request.onsuccess = () => {
      cancel();
      if (isLate) tooLate(request.result);
      else resolve(request.result);
    };
    request.onerror = () => {
      cancel();
      reject(translatedError(request.error));
    };
  });
}

/** Resolves when a transaction is complete. @throws DOMException what it was aborted with */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'));
    };
  });
}

/** The result of a request. @throws DOMException what it failed with */
export function result<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new DOMException('the request failed', 'UnknownError'));
    };
  });
}
