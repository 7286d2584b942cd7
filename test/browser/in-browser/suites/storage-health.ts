/** What a storage in a browser says of itself when any part of it is gone, and that nothing begins anew by itself. */
import { describe, expect, it } from 'vitest';
import { SottoError, type StorageAdapter, type StorageHealth } from '@sotto/sdk';
import {
  deviceKey,
  encryptedStorage,
  inspectDeviceKey,
  passphraseKey,
  removeDeviceKey,
} from '@sotto/sdk/storage/encrypted';
import {
  indexedDbStorage,
  inspectIndexedDbStorage,
  removeIndexedDbStorage,
} from '@sotto/sdk/storage/indexeddb';
import { makeBucket } from '../../../../sdk/src/storage/web-bucket.js';
import { databasesOfOrigin, evict as evictPlace, factoryOf } from '../web-place.js';

const value = new TextEncoder().encode('value');

/** Deletes a database behind everybody's back. */
const evict = (name: string) => evictPlace('data', name);

/** Takes a key away, and leaves those of other names. */
async function evictKey(name: string): Promise<void> {
  const factory = await factoryOf('key', name);
  return new Promise((resolve, reject) => {
    const opening = factory.open('sotto-device-keys');
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('keys', 'readwrite');
      transaction.objectStore('keys').delete(name);
      transaction.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
    opening.onerror = () => reject(opening.error as DOMException);
  });
}

const databaseNames = async () => (await databasesOfOrigin()).map((database) => database.name);

/** Takes away what remembers a name outside of IndexedDB, of its data, its key or both. */
async function forget(name: string, kind = ''): Promise<void> {
  const cache = await caches.open('sotto-first-run');
  const entries = (await cache.keys()).filter(({ url }) => url.includes(name) && url.includes(kind));
  expect(entries.length).toBeGreaterThan(0);
  for (const entry of entries) await cache.delete(entry);
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'none';
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error);
  }
}

async function commitOne(storage: StorageAdapter): Promise<void> {
  await storage.commit([{ key: 'account/self', value }], { fence: await storage.acquire() });
}

/** As an application does at its start. */
async function inspect(name: string): Promise<StorageHealth> {
  return inspectIndexedDbStorage(name, { key: await inspectDeviceKey(name) });
}

const open = async (name: string) => encryptedStorage(indexedDbStorage(name), await deviceKey(name));

async function withName(work: (name: string) => Promise<void>): Promise<void> {
  const name = `health-${crypto.randomUUID()}`;
  try {
    await work(name);
  } finally {
    await removeIndexedDbStorage(name);
    await removeDeviceKey(name);
  }
}

/** A device with data and a key, closed. */
const withDevice = (work: (name: string) => Promise<void>) =>
  withName(async (name) => {
    const storage = await open(name);
    await commitOne(storage);
    await storage.close();
    await work(name);
  });

const parts = ['data', 'key', 'mark of the data', 'mark of the key'] as const;
/** Whatever a browser may leave of a device: all sixteen. */
const everySubset = Array.from({ length: 2 ** parts.length }, (_, bits) => {
  const left = parts.map((part, index) => [part, Boolean(bits & (1 << index))] as const);
  const names = left.flatMap(([part, isLeft]) => (isLeft ? [part] : []));
  const record = Object.fromEntries(left) as Readonly<Record<(typeof parts)[number], boolean>>;
  return [names.join(', ') || 'nothing', record] as const;
});

describe('the health of a storage in IndexedDB', () => {
  it('is new before the first run, and looking makes nothing', () =>
    withName(async (name) => {
      expect(await inspect(name)).toMatchObject({ state: 'new', action: 'begin', missing: [] });
      expect(await databaseNames()).not.toContain(name);
    }));

  it('is still new where somebody began and stored nothing', () =>
    withName(async (name) => {
      const storage = await open(name);
      await storage.acquire();
      expect(await storage.health()).toMatchObject({ state: 'new', lastCommitAt: undefined });
      await storage.close();
      expect(await inspect(name)).toMatchObject({ state: 'new', missing: [] });
      await commitOne(await open(name));
    }));

  it('is ready with what the browser says of its room, before and after opening', () =>
    withName(async (name) => {
      const before = Date.now();
      const storage = await open(name);
      await commitOne(storage);
      const health = await storage.health();
      expect(health).toMatchObject({ state: 'ready', action: 'open', missing: [], durability: 'power-loss' });
      expect(health.lastCommitAt).toBeGreaterThanOrEqual(before);
      expect(health.quotaBytes).toBeGreaterThan(health.usageBytes ?? Infinity);
      expect(health.persistence).toBe((await navigator.storage.persisted()) ? 'granted' : 'not-granted');
      expect(health.warnings).toEqual(health.persistence === 'granted' ? [] : ['not-persistent']);
      await storage.close();
      expect(await codeOf(storage.health())).toBe('storage-closed');
      expect(await inspect(name)).toMatchObject({ state: 'ready', action: 'open', missing: [] });
      expect((await inspect(name)).lastCommitAt).toBeGreaterThanOrEqual(before);
    }));

  it('misses the database when the browser took it, and nothing begins in its place', () =>
    withDevice(async (name) => {
      await evict(name);
      expect(await inspect(name)).toMatchObject({
        state: 'data-missing',
        action: 'restore',
        missing: ['database'],
      });
      const storage = await open(name);
      expect(await codeOf(storage.acquire())).toBe('storage-evicted');
      expect(await codeOf(storage.get(['account/self']))).toBe('storage-evicted');
      expect(await storage.health()).toMatchObject({ state: 'data-missing', action: 'restore' });
      await storage.close();
      // It was not made by trying.
      expect(await databaseNames()).not.toContain(name);
    }));

  it('misses the database where an empty one stands in its place', () =>
    withDevice(async (name) => {
      await evict(name);
      const factory = (await makeBucket('data', name))?.factory ?? indexedDB;
      await new Promise<void>((resolve) => {
        const request = factory.open(name, 1);
        request.onupgradeneeded = () => request.result.createObjectStore('pairs');
        request.onsuccess = () => {
          request.result.close();
          resolve();
        };
      });
      expect(await inspect(name)).toMatchObject({ state: 'data-missing', missing: ['database'] });
      expect(await codeOf(indexedDbStorage(name).acquire())).toBe('storage-evicted');
    }));

  it('misses the key, and no other is made', () =>
    withDevice(async (name) => {
      await evictKey(name);
      expect(await inspect(name)).toMatchObject({
        state: 'key-missing',
        action: 'restore',
        missing: ['key'],
      });
      expect(await codeOf(deviceKey(name))).toBe('storage-key-missing');
      expect(await inspectDeviceKey(name)).toBe('absent');
    }));

  it('misses the key also where nothing but the data is left to tell', () =>
    withDevice(async (name) => {
      await evictKey(name);
      await forget(name);
      expect(await codeOf(deviceKey(name))).toBe('storage-key-missing');
    }));

  it('misses both, and makes neither', () =>
    withDevice(async (name) => {
      await evict(name);
      await evictKey(name);
      expect(await inspect(name)).toMatchObject({ state: 'data-missing', missing: ['database', 'key'] });
      expect(await codeOf(deviceKey(name))).toBe('storage-key-missing');
    }));

  it('takes a key that has outlived everything else for what it is', () =>
    withDevice(async (name) => {
      await evict(name);
      await forget(name);
      expect(await inspect(name)).toMatchObject({ state: 'data-missing', missing: ['database'] });
    }));

  it.each(everySubset)('tells what is missing where all that is left is: %s', (_names, left) =>
    withDevice(async (name) => {
      if (!left.data) await evict(name);
      if (!left.key) await evictKey(name);
      if (!left['mark of the data']) await forget(name, '/data%2F');
      if (!left['mark of the key']) await forget(name, '/key%2F');
      const isFirstRun = Object.values(left).every((isLeft) => !isLeft);
      const dataGone = left.data || isFirstRun ? [] : ['database'];
      const keyGone = left.key || isFirstRun ? [] : ['key'];
      const health = await inspect(name);
      expect(health.missing).toEqual([...dataGone, ...keyGone]);
      const restorable = dataGone.length + keyGone.length > 0;
      expect(health.action).toBe(restorable ? 'restore' : isFirstRun ? 'begin' : 'open');
      // Who does not look is stopped as well. A key with its own mark alone is what a first run leaves that was cut;
      // no browser removes one of the two marks: they lie in one place.
      const isCutFirstRun = left.key && left['mark of the key'] && !left.data && !left['mark of the data'];
      const isKeyMissed = !left.key && (left.data || left['mark of the key']);
      const refusal = isKeyMissed ? 'storage-key-missing' : 'storage-evicted';
      const expected = restorable && !isCutFirstRun ? refusal : 'none';
      expect(await codeOf(open(name).then(commitOne))).toBe(expected);
    }),
  );

  it('is each account’s own: what one removes or loses is nothing to the other', () =>
    withDevice((one) =>
      withDevice(async (other) => {
        const signedOut = encryptedStorage(indexedDbStorage(one), await deviceKey(one), {
          removeKey: () => removeDeviceKey(one),
        });
        await signedOut.destroy({ fence: await signedOut.acquire() });
        expect(await inspect(one)).toMatchObject({ state: 'new' });
        expect(await inspect(other)).toMatchObject({ state: 'ready', missing: [] });
        // Signed in again.
        const again = await open(one);
        await commitOne(again);
        const untouched = await open(other);
        expect(await untouched.get(['account/self'])).toEqual([value]);
        await untouched.close();
        await evict(other);
        await evictKey(other);
        expect(await inspect(other)).toMatchObject({ state: 'data-missing' });
        expect(await inspect(one)).toMatchObject({ state: 'ready', missing: [] });
        expect(await again.get(['account/self'])).toEqual([value]);
        await again.close();
      }),
    ));

  it('lets the user begin anew, and only then', () =>
    withDevice(async (name) => {
      await evict(name);
      await removeIndexedDbStorage(name);
      await removeDeviceKey(name);
      expect(await inspect(name)).toMatchObject({ state: 'new', action: 'begin' });
      await commitOne(await open(name));
      expect(await inspect(name)).toMatchObject({ state: 'ready' });
    }));

  it('is new again after it was destroyed', () =>
    withDevice(async (name) => {
      const storage = await open(name);
      await storage.destroy({ fence: await storage.acquire() });
      await removeDeviceKey(name);
      expect(await inspect(name)).toMatchObject({ state: 'new', missing: [] });
    }));

  it('is ready when everything in it was deleted one by one', () =>
    withName(async (name) => {
      const storage = indexedDbStorage(name);
      await commitOne(storage);
      await storage.commit([{ key: 'account/self', value: undefined }], { fence: await storage.acquire() });
      await storage.close();
      expect(await inspectIndexedDbStorage(name)).toMatchObject({ state: 'ready' });
      expect(await codeOf(indexedDbStorage(name).acquire())).toBe('none');
    }));

  it('says that a passphrase is another one', () =>
    withName(async (name) => {
      const cost = { logN: 14, p: 1 };
      await commitOne(encryptedStorage(indexedDbStorage(name), passphraseKey('right', cost)));
      const wrong = encryptedStorage(indexedDbStorage(name), passphraseKey('wrong', cost));
      expect(await wrong.health()).toMatchObject({ state: 'wrong-key', action: 'ask-key', missing: [] });
      expect(await inspectIndexedDbStorage(name)).toMatchObject({ state: 'ready' });
    }));

  it('is damaged where the header of an encryption or the layout is not what it was', () =>
    withDevice(async (name) => {
      const bare = indexedDbStorage(name);
      await bare.commit([{ key: 'header', value: undefined }], { fence: await bare.acquire() });
      expect(await (await open(name)).health()).toMatchObject({ state: 'damaged', action: 'restore' });
      await bare.close();
      const foreign = `${name}-foreign`;
      await new Promise<void>((resolve) => {
        const request = indexedDB.open(foreign, 7);
        request.onsuccess = () => {
          request.result.close();
          resolve();
        };
      });
      expect(await inspectIndexedDbStorage(foreign)).toMatchObject({ state: 'damaged' });
      await evict(foreign);
    }));
});
