import { describe, expect, it } from 'vitest';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { runStorageConformance } from '../../src/testing/storage-conformance.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

runStorageConformance(
  { describe, it },
  {
    name: 'memory',
    createMedium: () => {
      const medium = createMemoryMedium();
      return { open: () => memoryStorage({ medium }) };
    },
    supports: { concurrentAdapters: true },
    seed,
  },
);

describe('a memory medium', () => {
  it('copies what it holds, fence included, for tests that restore an older state', async () => {
    const medium = createMemoryMedium();
    const storage = memoryStorage({ medium });
    const fence = await storage.acquire();
    await storage.commit([{ key: 'a', value: Uint8Array.of(1) }], { fence });
    const older = memoryStorage({ medium: medium.copy() });
    await storage.commit([{ key: 'a', value: Uint8Array.of(2) }], { fence });
    expect(await older.get(['a'])).toEqual([Uint8Array.of(1)]);
    expect(await older.acquire()).toBe(fence + 1);
  });

  it('is made by createMemoryMedium alone', () => {
    expect(() => memoryStorage({ medium: { copy: createMemoryMedium } })).toThrow(TypeError);
  });
});
