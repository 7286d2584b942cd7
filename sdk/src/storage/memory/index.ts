/**
 * A storage in memory, for tests and for messengers that may forget.
 * @packageDocumentation
 */
export { memoryStorage } from './memory-storage.js';
export type { MemoryStorageOptions } from './memory-storage.js';
export { createMemoryMedium } from './memory-medium.js';
export type { MemoryMedium } from './memory-medium.js';
