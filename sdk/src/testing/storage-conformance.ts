/** The suite every storage adapter must pass. Knows the port, no adapter and no test runner. */
import type { ConformanceRunner } from './runner.js';
import { commitCases } from './storage-conformance-commits.js';
import { killCases, type KillChildOptions } from './storage-conformance-kill.js';
import type { CreateMedium } from './storage-conformance-kit.js';
import { modelCases } from './storage-conformance-model.js';
import { pairCases } from './storage-conformance-pairs.js';

/** What an adapter can beyond the port. What is declared is tested. */
export interface StorageSupports {
  /** Several adapters may be open on one medium: the fence alone keeps them apart. Otherwise a second one must get `storage-locked`. */
  readonly concurrentAdapters: boolean;
  /** `destroy` removes the medium itself, so that fences begin anew. False by default. */
  readonly destroyRemovesMedium?: boolean;
  /**
   * The adapter survives the death of its process (durability `process` or `power-loss`) and runs in
   * Node: child processes are killed in the middle of commits. Takes about ten seconds.
   */
  readonly killChild?: KillChildOptions;
}

/** What to test. */
export interface StorageConformanceOptions {
  /** Shown in the names of the cases. */
  readonly name: string;
  /** A fresh, empty medium; called by every case. */
  readonly createMedium: CreateMedium;
  readonly supports: StorageSupports;
  /** Seeds the random steps; shown in the names of those cases. 1 by default. */
  readonly seed?: number;
}

/**
 * Declares the cases that prove a storage adapter, under any runner with `describe` and `it`. Give the
 * cases a minute each where the runner has a time limit.
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { runStorageConformance } from '@sotto/sdk/testing';
 * import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
 *
 * runStorageConformance(
 *   { describe, it },
 *   {
 *     name: 'memory',
 *     createMedium: () => {
 *       const medium = createMemoryMedium();
 *       return { open: () => memoryStorage({ medium }) };
 *     },
 *     supports: { concurrentAdapters: true },
 *   },
 * );
 * ```
 */
export function runStorageConformance(runner: ConformanceRunner, options: StorageConformanceOptions): void {
  const { createMedium, supports, seed = 1 } = options;
  const { concurrentAdapters, destroyRemovesMedium = false, killChild } = supports;
  runner.describe(`storage conformance: ${options.name}`, () => {
    pairCases(runner, createMedium);
    commitCases(runner, createMedium, { concurrentAdapters, destroyRemovesMedium });
    modelCases(runner, createMedium, seed);
    if (killChild) killCases(runner, createMedium, { killChild, concurrentAdapters, seed });
  });
}
