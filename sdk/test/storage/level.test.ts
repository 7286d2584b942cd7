import { describe, it } from 'vitest';
import { levelStorage } from '@sotto/sdk/storage/level';
import { runStorageConformance } from '../../src/testing/storage-conformance.js';
import { temporaryPath } from './temporary-folder.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

async function createMedium() {
  const { path, remove } = await temporaryPath('level');
  return { open: () => levelStorage(path), location: path, dispose: remove };
}

runStorageConformance(
  { describe, it },
  {
    name: 'level',
    createMedium,
    supports: {
      concurrentAdapters: false,
      destroyRemovesMedium: true,
      killChild: {
        module: new URL('./level-child.ts', import.meta.url),
        rounds: process.env['SLOW'] ? 500 : 20,
        execArgv: ['--conditions=@sotto/source', '--import', import.meta.resolve('tsx')],
      },
    },
    seed,
  },
);
