import { afterAll, describe, it } from 'vitest';
import { levelStorage } from '@sotto/sdk/storage/level';
import { runStorageConformance } from '../../src/testing/storage-conformance.js';
import { buildChildModule } from './child-module.js';
import { temporaryPath } from './temporary-folder.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

const child = await buildChildModule('level-child');
afterAll(child.remove);

async function createMedium() {
  const { path, remove } = await temporaryPath('level');
  return { open: () => levelStorage(path), location: path, dispose: remove };
}

runStorageConformance(
  // Killing twenty processes takes seconds on a machine at rest and much longer on a busy one.
  { describe, it: (name, body) => it(name, { timeout: 120_000 }, body) },
  {
    name: 'level',
    createMedium,
    supports: {
      concurrentAdapters: false,
      destroyRemovesMedium: true,
      killChild: {
        module: child.url,
        rounds: process.env['SLOW'] ? 500 : 20,
      },
    },
    seed,
  },
);
