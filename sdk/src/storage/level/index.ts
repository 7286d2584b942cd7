/**
 * A storage in a folder, for Node. Needs the optional peer `classic-level`.
 * @packageDocumentation
 */
export { levelStorage } from './level-storage.js';
export type { LevelStorageOptions } from './level-storage.js';
