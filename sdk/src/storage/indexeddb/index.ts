/**
 * A storage in IndexedDB, for pages and workers. Needs the optional peer `idb-keyval`.
 * @packageDocumentation
 */
export { indexedDbStorage } from './indexeddb-storage.js';
export type { IndexedDbStorage, IndexedDbStorageOptions } from './indexeddb-storage.js';
export { inspectIndexedDbStorage } from './inspect.js';
export type { InspectIndexedDbOptions } from './inspect.js';
export { removeIndexedDbStorage } from './remove.js';
export { requestPersistence } from '../web-surroundings.js';
