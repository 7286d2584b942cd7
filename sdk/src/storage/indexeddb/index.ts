/**
 * A storage in IndexedDB, for pages and workers. Needs the optional peer `idb-keyval`.
 * @packageDocumentation
 */
export { indexedDbStorage } from './indexeddb-storage.js';
export type { IndexedDbStorageOptions } from './indexeddb-storage.js';
