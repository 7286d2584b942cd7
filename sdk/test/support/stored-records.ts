/** What a device has stored, changed while nothing runs on it: the next process finds it so. */
import type { StorageChange } from '../../src/ports/storage.js';
import { memoryStorage, type MemoryMedium } from '../../src/storage/memory/index.js';

/** Commits changes as if the device had. */
export async function commitStored(medium: MemoryMedium, changes: readonly StorageChange[]): Promise<void> {
  const storage = memoryStorage({ medium });
  await storage.commit(changes, { fence: await storage.acquire() });
  await storage.close();
}

/** The fields of a stored record. */
export type StoredFields = Readonly<Record<string, unknown>>;

/** Changes the fields of one record, and leaves its version as it is. */
export async function changeStored(
  medium: MemoryMedium,
  key: string,
  change: (fields: StoredFields) => StoredFields,
): Promise<void> {
  const [value] = await memoryStorage({ medium }).get([key]);
  const { v, d } = JSON.parse(Buffer.from(value!).toString()) as { v: number; d: StoredFields };
  const changed = new TextEncoder().encode(JSON.stringify({ v, d: change(d) }));
  await commitStored(medium, [{ key, value: changed }]);
}
