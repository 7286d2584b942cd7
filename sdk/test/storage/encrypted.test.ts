import { afterAll, describe, it } from 'vitest';
import { encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { levelStorage } from '@sotto/sdk/storage/level';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { Secret } from '../../src/secret.js';
import { runStorageConformance } from '../../src/testing/storage-conformance.js';
import { buildChildModule } from './child-module.js';
import { temporaryPath } from './temporary-folder.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const key = () => new Secret(new Uint8Array(32).fill(7));

const child = await buildChildModule('encrypted-level-child');
afterAll(child.remove);

runStorageConformance(
  { describe, it },
  {
    name: 'encrypted over memory',
    createMedium: () => {
      const medium = createMemoryMedium();
      return { open: () => encryptedStorage(memoryStorage({ medium }), key()) };
    },
    supports: { concurrentAdapters: true },
    seed,
  },
);

runStorageConformance(
  // Killing processes takes seconds on a machine at rest and much longer on a busy one.
  { describe, it: (name, body) => it(name, { timeout: 120_000 }, body) },
  {
    name: 'encrypted over level',
    createMedium: async () => {
      const { path, remove } = await temporaryPath('level');
      return { open: () => encryptedStorage(levelStorage(path), key()), location: path, dispose: remove };
    },
    supports: {
      concurrentAdapters: false,
      destroyRemovesMedium: true,
      // Level's own suite kills twenty; here it is the header and the count that could be torn from the data.
      killChild: { module: child.url, rounds: process.env['SLOW'] ? 500 : 8 },
    },
    seed,
  },
);
