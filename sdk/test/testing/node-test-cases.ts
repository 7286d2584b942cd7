/** The suites under node:test: run by `node-test.test.ts` as a process of its own. */
import { describe, it } from 'node:test';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { runStorageConformance, runTransportConformance } from '@sotto/sdk/testing';
import { memoryTransport } from '@sotto/sdk/transport/memory';

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

runTransportConformance(
  { describe, it },
  { name: 'memory', create: (relay, host) => ({ transport: memoryTransport(relay, host) }) },
);
