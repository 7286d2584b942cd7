/**
 * Remembers, outside of IndexedDB, that there was something inside: a browser may remove all its databases and
 * leave the rest, and what opens then must not be taken for a first run. Knows no database.
 */

/** In Cache Storage, which pages and workers share; in pages without it, in `localStorage`. */
const cacheName = 'sotto-first-run';
const localPrefix = 'sotto-first-run/';

interface MarkerStore {
  has(name: string): Promise<boolean>;
  set(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** A name as an address that nobody is ever asked for. */
const address = (name: string) => `https://first-run.sotto.invalid/${encodeURIComponent(name)}`;

async function inCache(): Promise<MarkerStore | undefined> {
  const { caches } = globalThis as { caches?: CacheStorage };
  try {
    const cache = await caches?.open(cacheName);
    return (
      cache && {
        has: async (name) => (await cache.match(address(name))) !== undefined,
        set: (name) => cache.put(address(name), new Response('1')),
        remove: async (name) => void (await cache.delete(address(name))),
      }
    );
  } catch {
    return undefined;
  }
}

function inLocalStorage(): MarkerStore | undefined {
  try {
    const { localStorage } = globalThis as { localStorage?: Storage };
    return (
      localStorage && {
        has: async (name) => localStorage.getItem(localPrefix + name) !== null,
        set: async (name) => localStorage.setItem(localPrefix + name, '1'),
        remove: async (name) => localStorage.removeItem(localPrefix + name),
      }
    );
  } catch {
    return undefined;
  }
}

/** A mark of one name. */
export interface FirstRunMarker {
  /** Whether it is set; `undefined` where the platform has no place for it. */
  isSet(): Promise<boolean | undefined>;
  /** Sets it, as far as the platform can: what it protects is there without it, too. */
  set(): Promise<void>;
  remove(): Promise<void>;
}

/** @param kind - what is marked: names of different kinds have nothing to do with each other */
export function firstRunMarker(kind: 'data' | 'key', name: string): FirstRunMarker {
  const full = `${kind}/${name}`;
  const withStore = async <Result>(work: (store: MarkerStore) => Promise<Result>) => {
    const store = (await inCache()) ?? inLocalStorage();
    try {
      return store && (await work(store));
    } catch {
      // No room, or refused after all.
      return undefined;
    }
  };
  return {
    isSet: () => withStore((store) => store.has(full)),
    set: async () => void (await withStore((store) => store.set(full))),
    remove: async () => void (await withStore((store) => store.remove(full))),
  };
}
