/** The suites under node:test: run by `node-test.test.ts` as a process of its own. */
import { describe, it } from 'node:test';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { runStorageConformance } from '@sotto/sdk/testing';

runStorageConformance(
  { describe, it },
  {
    name: 'memory',
    createMedium: () => {
      const medium = createMemoryMedium();
      return { open: () => memoryStorage({ medium }) };
    },
    supports: { concurrentAdapters: true },
  },
);
