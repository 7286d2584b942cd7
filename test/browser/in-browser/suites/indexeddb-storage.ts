/** Storage in IndexedDB, bare and encrypted: the suite of the port, and what a browser may do to a database. */
import { describe, expect, it, vi } from 'vitest';
import frozenSealed from '../../../../test-vectors/stores/v1/encrypted.json' with { type: 'json' };
import frozenLayout from '../../../../test-vectors/stores/v1/indexeddb.json' with { type: 'json' };
import frozenPairs from '../../../../test-vectors/stores/v1/portable.json' with { type: 'json' };
import frozenInBlocks from '../../../../test-vectors/stores/v2/encrypted.json' with { type: 'json' };
import type { StorageAdapter } from '@sotto/sdk';
import { Secret, SottoError } from '@sotto/sdk';
import { deviceKey, encryptedStorage, removeDeviceKey } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage, removeIndexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { runStorageConformance } from '@sotto/sdk/testing';
import { findBucket } from '../../../../sdk/src/storage/web-bucket.js';
import { databasesOfOrigin, evict, factoryOf } from '../web-place.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const key = () => new Secret(new Uint8Array(32).fill(7));

/** Names that no other scope of this origin has. */
function freshName(): string {
  return `test-${crypto.randomUUID()}`;
}

/** Deletes a database whatever is in it. */
const drop = (name: string) => evict('data', name);

function indexedDbMedium(wrap: (storage: StorageAdapter) => StorageAdapter) {
  const name = freshName();
  return { open: () => wrap(indexedDbStorage(name)), dispose: () => removeIndexedDbStorage(name) };
}

const runner = { describe, it: (name: string, body: () => Promise<void>) => it(name, body, 60_000) };

runStorageConformance(runner, {
  name: 'IndexedDB',
  createMedium: () => indexedDbMedium((storage) => storage),
  supports: { concurrentAdapters: true, destroyRemovesMedium: true },
  seed,
});

runStorageConformance(runner, {
  name: 'encrypted over IndexedDB',
  createMedium: () => indexedDbMedium((storage) => encryptedStorage(storage, key())),
  supports: { concurrentAdapters: true, destroyRemovesMedium: true },
  seed,
});

runStorageConformance(runner, {
  name: 'encrypted over memory',
  createMedium: () => {
    const medium = createMemoryMedium();
    return { open: () => encryptedStorage(memoryStorage({ medium }), key()) };
  },
  supports: { concurrentAdapters: true },
  seed,
});

const value = new TextEncoder().encode('value');

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'none';
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error);
  }
}

describe('a storage in IndexedDB', () => {
  it('is durable where transactions may be strict, and says so', () => {
    expect(indexedDbStorage(freshName()).durability).toBe('power-loss');
    expect(indexedDbStorage(freshName(), { durability: 'process' }).durability).toBe('process');
  });

  it('keeps two accounts of one origin apart, also when one is destroyed', async () => {
    const names = [freshName(), freshName()] as const;
    const [one, other] = [indexedDbStorage(names[0]), indexedDbStorage(names[1])];
    const fence = await one.acquire();
    const otherFence = await other.acquire();
    await one.commit([{ key: 'a', value }], { fence });
    expect(await other.get(['a'])).toEqual([undefined]);
    await other.commit([{ key: 'a', value: Uint8Array.of(1) }], { fence: otherFence });
    await one.destroy({ fence });
    expect(await other.get(['a'])).toEqual([Uint8Array.of(1)]);
    const databases = (await databasesOfOrigin()).map(({ name }) => name);
    expect(databases).not.toContain(names[0]);
    await other.destroy({ fence: otherFence });
  });

  it('says that it was evicted when somebody deletes the database under it', async () => {
    const name = freshName();
    const storage = indexedDbStorage(name);
    const fence = await storage.acquire();
    await drop(name);
    expect(await codeOf(storage.commit([{ key: 'a', value }], { fence }))).toBe('storage-evicted');
    expect(await codeOf(storage.get(['a']))).toBe('storage-evicted');
    await storage.close();
    expect(await codeOf(storage.get(['a']))).toBe('storage-closed');
  });

  it('lets a later layout have the database, and says that it is locked', async () => {
    const name = freshName();
    const storage = indexedDbStorage(name);
    await storage.acquire();
    const factory = await factoryOf('data', name);
    const later = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = factory.open(name, 2);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error as DOMException);
    });
    expect(await codeOf(storage.get(['a']))).toBe('storage-locked');
    later.close();
    expect(await codeOf(indexedDbStorage(name).get(['a']))).toBe('storage-corrupt');
    await drop(name);
  });

  it('does not take somebody else’s database of that name', async () => {
    const name = freshName();
    const foreign = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore('keyval');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error as DOMException);
    });
    foreign.close();
    expect(await codeOf(indexedDbStorage(name).acquire())).toBe('storage-corrupt');
    await drop(name);
  });

  it('does not wait for ever for a tab that holds on to a database without a bucket', async () => {
    const name = freshName();
    // Made in the shared place: a bucket goes whoever has it open.
    await thaw(name, {});
    const storage = indexedDbStorage(name, { clock: hastyClock });
    const fence = await storage.acquire();
    const stubborn = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error as DOMException);
    });
    expect(await codeOf(storage.destroy({ fence }))).toBe('storage-locked');
    stubborn.close();
    await drop(name);
  });

  it('does not wait for ever behind a removal that is blocked itself, of which nobody is told', async () => {
    const name = freshName();
    await thaw(name, {});
    const stubborn = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error as DOMException);
    });
    const dropped = new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve));
    const timers = new Set<() => void>();
    const clock = {
      ...hastyClock,
      schedule: (_: number, callback: () => void) => {
        timers.add(callback);
        return () => timers.delete(callback);
      },
    };
    const outcome = codeOf(indexedDbStorage(name, { clock }).get(['a']));
    while (timers.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const ring of timers) ring();
    expect(await outcome).toBe('storage-locked');
    stubborn.close();
    await dropped;
  });

  it('goes with destroy although somebody holds on to it, where it has a bucket', async () => {
    const name = freshName();
    const storage = indexedDbStorage(name);
    const fence = await storage.acquire();
    const bucket = await findBucket('data', name);
    const { storageBuckets } = navigator as { storageBuckets?: unknown };
    expect(bucket !== undefined).toBe(storageBuckets !== undefined);
    if (!bucket) return;
    const stubborn = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = bucket.factory.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error as DOMException);
    });
    const closed = new Promise((resolve) => (stubborn.onclose = resolve));
    await storage.destroy({ fence });
    await closed;
    expect(await findBucket('data', name)).toBe(undefined);
  });

  it('compares the fence and writes in one strict transaction, which needs nothing of the page any more', async () => {
    const name = freshName();
    const storage = indexedDbStorage(name);
    const older = await storage.acquire();
    const fence = await storage.acquire();
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
    // A page that freezes hears of no request: who takes over would wait for its transaction until it wakes.
    const finished = vi.spyOn(IDBTransaction.prototype, 'commit');
    const changes = [
      { key: 'a', value },
      { key: 'b', value },
      { key: 'c', value: undefined },
    ];
    await storage.commit(changes, { fence });
    expect(await codeOf(storage.commit(changes, { fence: older }))).toBe('fenced');
    const transactions = spy.mock.calls.map((words) => [...words]);
    spy.mockRestore();
    expect(finished).toHaveBeenCalledTimes(2);
    await storage.get(['a']);
    expect(finished).toHaveBeenCalledTimes(3);
    finished.mockRestore();
    const one = [expect.any(String), 'readwrite', { durability: 'strict' }];
    expect(transactions).toEqual([one, one]);
    await storage.destroy({ fence });
  });

  it('writes nothing of a commit that fails in its middle', async () => {
    const name = freshName();
    const storage = indexedDbStorage(name);
    const fence = await storage.acquire();
    const put = Reflect.get(IDBObjectStore.prototype, 'put') as IDBObjectStore['put'];
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      ...words
    ) {
      if (words[1] === 'c') throw new DOMException('no', 'DataCloneError');
      return put.apply(this, words);
    });
    const changes = ['a', 'b', 'c', 'd'].map((each) => ({ key: each, value }));
    const outcome = await codeOf(storage.commit(changes, { fence }));
    spy.mockRestore();
    expect(outcome).toBe('storage-failed');
    expect(await storage.get(['a', 'b', 'c', 'd'])).toEqual([undefined, undefined, undefined, undefined]);
    await storage.commit(changes, { fence });
    await storage.destroy({ fence });
  });

  it('stores the bytes of a view and not what lies around it', async () => {
    const name = freshName();
    const storage = indexedDbStorage(name);
    const fence = await storage.acquire();
    await storage.commit([{ key: 'a', value: new Uint8Array(1_000_000).subarray(5, 8) }], { fence });
    expect((await storage.get(['a']))[0]?.buffer.byteLength).toBe(3);
    await storage.destroy({ fence });
  });
});

const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** A database of an earlier release, made by nothing of ours. */
async function thaw(name: string, pairs: Readonly<Record<string, string>>): Promise<void> {
  const { version, store, meta } = frozenLayout;
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      const made = request.result.createObjectStore(store);
      made.put(meta[1], meta[0] as string);
      for (const [key, value] of Object.entries(pairs)) made.put(bytesOf(value), key);
    };
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
    request.onerror = () => reject(request.error as DOMException);
  });
}

describe('a database of layout v1', () => {
  const pairs = frozenPairs.stores[0] as unknown as Readonly<Record<string, string>>;
  const encrypted = (storage: StorageAdapter) => encryptedStorage(storage, key());
  const wraps = {
    bare: { sealed: pairs, wrap: (storage: StorageAdapter) => storage },
    encrypted: { sealed: frozenSealed.secret as Readonly<Record<string, string>>, wrap: encrypted },
    'in blocks': { sealed: frozenInBlocks.secret as Readonly<Record<string, string>>, wrap: encrypted },
  };

  it.each(['bare', 'encrypted', 'in blocks'] as const)('opens, and holds what it held, %s', async (how) => {
    const name = freshName();
    const { sealed, wrap } = wraps[how];
    await thaw(name, sealed);
    const storage = wrap(indexedDbStorage(name));
    const found: Record<string, Uint8Array> = {};
    for await (const entry of storage.list('')) found[entry.key] = entry.value;
    const expected = Object.entries(pairs).map(([each, text]) => [each, bytesOf(text)]);
    expect(expected.length).toBeGreaterThan(10);
    expect(found).toEqual(Object.fromEntries(expected));
    // The fence goes on from where it was.
    expect(await storage.acquire()).toBe(4);
    await storage.close();
    await removeIndexedDbStorage(name);
  });
});

/** Gives up at once where it is told that somebody blocks. */
const hastyClock = {
  now: () => 0,
  monotonicNow: () => 0,
  schedule: (delayMs: number, callback: () => void) => {
    if (delayMs <= 5_000) queueMicrotask(callback);
    return () => undefined;
  },
};

describe('the device’s own key', () => {
  it('is made once, kept, not extractable, and opens what it encrypted', async () => {
    const name = freshName();
    const [first, second] = await Promise.all([deviceKey(name), deviceKey(name)]);
    expect(first.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', first)).rejects.toThrow();
    const medium = createMemoryMedium();
    const storage = encryptedStorage(memoryStorage({ medium }), first);
    await storage.commit([{ key: 'a', value }], { fence: await storage.acquire() });
    for (const same of [second, await deviceKey(name)]) {
      const again = encryptedStorage(memoryStorage({ medium }), same);
      expect(await again.get(['a'])).toEqual([value]);
    }
    await removeDeviceKey(name);
    const another = encryptedStorage(memoryStorage({ medium }), await deviceKey(name));
    expect(await codeOf(another.get(['a']))).toBe('storage-wrong-key');
    await removeDeviceKey(name);
  });
});
