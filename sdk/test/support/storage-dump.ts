/** What a medium holds, as text that tests compare. */
import { memoryStorage, type MemoryMedium } from '../../src/storage/memory/index.js';
import { toBase64Url } from '../../src/wire/index.js';

/** Every key and value. */
export type StorageDump = ReadonlyMap<string, string>;

/** Reads everything. */
export async function dumpStorage(medium: MemoryMedium): Promise<StorageDump> {
  const dump = new Map<string, string>();
  for await (const { key, value } of memoryStorage({ medium }).list('')) dump.set(key, toBase64Url(value));
  return dump;
}

/** The keys that were written, changed or removed between two dumps, in order. */
export function changedKeys(before: StorageDump, after: StorageDump): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).sort();
}
