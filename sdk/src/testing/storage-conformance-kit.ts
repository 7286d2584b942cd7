/** What the cases of the storage suite share. Knows the port, no adapter. */
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../ports/storage.js';
import { utf8 } from '../bytes.js';
import type { ConformanceRunner } from './runner.js';

/** One store to test, empty when it is made. */
export interface StorageTestMedium {
  /** Opens an adapter on it. Called again after the one before was closed, or beside it where `supports` says so. */
  readonly open: () => StorageAdapter | Promise<StorageAdapter>;
  /** What a child process needs to open it too: a path, a name, a URL. Needed for `killChild`. */
  readonly location?: string;
  /** Removes what is left of it. The suite has closed its adapters by then. */
  readonly dispose?: () => Promise<void>;
}

/** Makes a fresh, empty medium. */
export type CreateMedium = () => StorageTestMedium | Promise<StorageTestMedium>;

/** An open adapter of one case, on a medium of its own. */
export interface StorageCase {
  readonly storage: StorageAdapter;
  /** From `storage.acquire`. */
  readonly fence: StorageFence;
  /** Another adapter on the same medium, closed after the case like the first. */
  readonly reopen: () => Promise<StorageAdapter>;
}

/** Declares cases that each get an acquired adapter on a fresh medium. */
export function storageCases(runner: ConformanceRunner, createMedium: CreateMedium) {
  return (name: string, body: (context: StorageCase) => Promise<void>): void => {
    runner.it(name, () => withMedium(createMedium, body));
  };
}

async function withMedium(
  createMedium: CreateMedium,
  body: (context: StorageCase) => Promise<void>,
): Promise<void> {
  const medium = await createMedium();
  const opened: StorageAdapter[] = [];
  const reopen = async () => {
    const storage = await medium.open();
    opened.push(storage);
    return storage;
  };
  try {
    const storage = await reopen();
    await body({ storage, fence: await storage.acquire(), reopen });
  } finally {
    for (const storage of opened) await storage.close();
    await medium.dispose?.();
  }
}

/** Puts from texts by key; `undefined` removes. */
export function changes(texts: Readonly<Record<string, string | undefined>>): StorageChange[] {
  return Object.entries(texts).map(([key, text]) => ({
    key,
    value: text === undefined ? undefined : utf8(text),
  }));
}

/** The texts under keys, in their order. */
export async function textsOf(
  storage: StorageAdapter,
  keys: readonly string[],
): Promise<(string | undefined)[]> {
  return (await storage.get(keys)).map((value) => value && new TextDecoder().decode(value));
}

/** Every pair under a prefix. */
export async function entriesOf(storage: StorageAdapter, prefix: string): Promise<StorageEntry[]> {
  const entries: StorageEntry[] = [];
  for await (const entry of storage.list(prefix)) entries.push(entry);
  return entries;
}

/** The keys under a prefix, sorted: lists promise no order. */
export async function keysOf(storage: StorageAdapter, prefix: string): Promise<string[]> {
  return (await entriesOf(storage, prefix)).map(({ key }) => key).sort();
}
