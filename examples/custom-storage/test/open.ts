/** How a process that is killed opens the storage. */
import { sqliteStorage } from '../src/sqlite-storage.js';

export const open = (location: string) => sqliteStorage(location);
