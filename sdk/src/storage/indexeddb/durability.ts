/** How durable a commit to IndexedDB can be here. Knows no database. */
import type { StorageDurability } from '../../ports/storage.js';

/** @param asked - `power-loss` by default @returns less where transactions cannot be asked to be strict */
export function indexedDbDurability(
  asked: Exclude<StorageDurability, 'none'> = 'power-loss',
): Exclude<StorageDurability, 'none'> {
  const knowsStrict = typeof IDBTransaction === 'function' && 'durability' in IDBTransaction.prototype;
  return knowsStrict ? asked : 'process';
}
