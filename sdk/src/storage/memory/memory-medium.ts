/**
 * What a memory storage keeps its pairs in. It outlives the adapters opened on it, so that a test can
 * drop one adapter ("crash") and open another. Knows no rules of keys and no closing.
 */

/** The pairs and the fence of one store. Made by `createMemoryMedium`. */
export interface MemoryMedium {
  /** An independent copy of everything as it is now, fence included: for tests that restore an older state. */
  copy(): MemoryMedium;
}

/** The inside of a {@link MemoryMedium}: pairs by the first segment of their keys, so that a list reads no others. */
export class MediumState implements MemoryMedium {
  /** Values are never written to after they were put here, so copies may share them. */
  readonly #spaces: Map<string, Map<string, Uint8Array>>;
  fence: number;

  constructor(spaces: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>> = new Map(), fence = 0) {
    this.#spaces = new Map([...spaces].map(([name, entries]) => [name, new Map(entries)]));
    this.fence = fence;
  }

  get(key: string): Uint8Array | undefined {
    return this.#spaces.get(spaceOf(key))?.get(key);
  }

  set(key: string, value: Uint8Array): void {
    const name = spaceOf(key);
    const space = this.#spaces.get(name) ?? new Map<string, Uint8Array>();
    this.#spaces.set(name, space);
    space.set(key, value);
  }

  delete(key: string): void {
    this.#spaces.get(spaceOf(key))?.delete(key);
  }

  clear(): void {
    this.#spaces.clear();
  }

  /** The pairs as they are now whose keys begin with a prefix of whole segments. */
  list(prefix: string): [key: string, value: Uint8Array][] {
    const spaces = prefix === '' ? [...this.#spaces.values()] : [this.#spaces.get(spaceOf(prefix)) ?? []];
    const pairs = spaces.flatMap((space) => [...space]);
    return pairs.filter(([key]) => key.startsWith(prefix));
  }

  copy(): MemoryMedium {
    return new MediumState(this.#spaces, this.fence);
  }
}

function spaceOf(key: string): string {
  const end = key.indexOf('/');
  return end === -1 ? key : key.slice(0, end);
}

/** Makes an empty medium. */
export function createMemoryMedium(): MemoryMedium {
  return new MediumState();
}
