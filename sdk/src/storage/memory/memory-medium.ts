/**
 * What a memory storage keeps its pairs in. It outlives the adapters opened on it, so that a test can
 * drop one adapter ("crash") and open another. Knows no rules of keys and no closing.
 */

/** The pairs and the fence of one store. Made by `createMemoryMedium`. */
export interface MemoryMedium {
  /** An independent copy of everything as it is now, fence included: for tests that restore an older state. */
  copy(): MemoryMedium;
}

/** The inside of a {@link MemoryMedium}. */
export class MediumState implements MemoryMedium {
  /** Values are never written to after they were put here, so copies may share them. */
  readonly entries: Map<string, Uint8Array>;
  fence: number;

  constructor(entries: ReadonlyMap<string, Uint8Array> = new Map(), fence = 0) {
    this.entries = new Map(entries);
    this.fence = fence;
  }

  copy(): MemoryMedium {
    return new MediumState(this.entries, this.fence);
  }
}

/** Makes an empty medium. */
export function createMemoryMedium(): MemoryMedium {
  return new MediumState();
}
