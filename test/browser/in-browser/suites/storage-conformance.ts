/** The suite of the storage port, for the adapter that needs nothing of its host. */
import { describe, it } from 'vitest';
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
