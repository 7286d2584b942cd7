/** How a child process of the storage suite opens a level storage. */
import { levelStorage } from '../../src/storage/level/index.js';

export const open = (location: string) => levelStorage(location);
