/**
 * A storage in a folder, for Node. Needs the optional peer `classic-level`.
 * @packageDocumentation
 */
export { levelStorage } from './level-storage.js';
export type { LevelStorage, LevelStorageOptions } from './level-storage.js';
export { inspectLevelStorage } from './inspect.js';
export type { InspectLevelOptions } from './inspect.js';
