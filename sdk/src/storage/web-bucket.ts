/**
 * Where a browser keeps what lies under one name: in a storage bucket of its own where the platform has those
 * (https://wicg.github.io/storage-buckets), because a bucket that is deleted takes its files along; a database
 * that is deleted stays in files it shares with others until the browser rewrites them, which may be never.
 * Elsewhere in the one place that all of the origin shares. Knows no database.
 */
import { utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';

interface Bucket {
  readonly indexedDB: IDBFactory;
  persist(): Promise<boolean>;
  persisted(): Promise<boolean>;
  estimate(): Promise<StorageEstimate>;
}

interface BucketManager {
  open(name: string): Promise<Bucket>;
  keys(): Promise<readonly string[]>;
  delete(name: string): Promise<void>;
}

/** What lies there: the data of a storage, or the key to them. Each can be missed when the other is there. */
export type WebPlaceKind = 'data' | 'key';

/** A place for databases. */
export interface WebPlace {
  readonly factory: IDBFactory;
  /** What the browser says of its room. */
  readonly room: Partial<Pick<Bucket, 'persisted' | 'estimate'>> | undefined;
}

const prefix = 'sotto-';
/** A bucket's name has at most 64 characters, of which a prefix has eleven. */
const hashCharacters = 40;

function buckets(): BucketManager | undefined {
  return (globalThis as { navigator?: { storageBuckets?: BucketManager } }).navigator?.storageBuckets;
}

function storageManager(): Partial<StorageManager> | undefined {
  return (globalThis as { navigator?: { storage?: Partial<StorageManager> } }).navigator?.storage;
}

/** The place that all of the origin shares. @throws SottoError `storage-failed` where there is no IndexedDB */
export function sharedPlace(): WebPlace {
  const { indexedDB } = globalThis as { indexedDB?: IDBFactory };
  if (indexedDB) return { factory: indexedDB, room: storageManager() };
  throw new SottoError('storage-failed', { cause: new Error('this platform has no IndexedDB') });
}

/** Buckets have names of lower-case letters and digits, ours have any. */
async function bucketName(kind: WebPlaceKind, name: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(name) as Uint8Array<ArrayBuffer>));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${prefix}${kind}-${hex.slice(0, hashCharacters)}`;
}

/** @throws SottoError `storage-failed`: what is in a bucket is not gone because it cannot be reached */
async function listed(): Promise<{ manager: BucketManager; names: readonly string[] } | undefined> {
  const manager = buckets();
  if (!manager) return undefined;
  try {
    return { manager, names: await manager.keys() };
  } catch (cause) {
    throw new SottoError('storage-failed', { cause });
  }
}

const placeIn = (bucket: Bucket): WebPlace => ({ factory: bucket.indexedDB, room: bucket });

/** A name's bucket; `undefined` where it has none. Makes nothing. */
export async function findBucket(kind: WebPlaceKind, name: string): Promise<WebPlace | undefined> {
  const found = await listed();
  if (!found) return undefined;
  const bucket = await bucketName(kind, name);
  return found.names.includes(bucket) ? placeIn(await found.manager.open(bucket)) : undefined;
}

/** A name's bucket, made if need be; `undefined` where the platform has none. */
export async function makeBucket(kind: WebPlaceKind, name: string): Promise<WebPlace | undefined> {
  const found = await listed();
  if (!found) return undefined;
  const bucket = await found.manager.open(await bucketName(kind, name));
  // What the browser granted to the origin is meant for what it stores now.
  const isKept = await storageManager()?.persisted?.();
  if (isKept === true) await bucket.persist();
  return placeIn(bucket);
}

/** Removes a name's bucket with everything in it, whoever has it open; nothing where there is none. */
export async function removeBucket(kind: WebPlaceKind, name: string): Promise<void> {
  const found = await listed();
  if (!found) return;
  const bucket = await bucketName(kind, name);
  if (found.names.includes(bucket)) await found.manager.delete(bucket);
}

/** Asks the browser to keep every bucket of ours, once it keeps the rest. */
export async function persistBuckets(): Promise<void> {
  const found = await listed();
  for (const name of found?.names ?? []) {
    if (name.startsWith(prefix)) await (await found?.manager.open(name))?.persist();
  }
}
