/**
 * The storage of a phone: IndexedDB under a key that a plugin keeps, up to the plugin's boundary. The plugin here
 * answers as the real one's `get`, `set` and `remove` do, keeps what an app's removal leaves, and records what it
 * was asked.
 */
import { describe, expect, it } from 'vitest';
import { SottoError } from '@sotto/sdk';
import {
  capacitorKey,
  inspectCapacitorKey,
  removeCapacitorKey,
  type SecureStoragePlugin,
} from '@sotto/sdk/storage/capacitor';
import { encryptedStorage } from '@sotto/sdk/storage/encrypted';
import {
  indexedDbStorage,
  inspectIndexedDbStorage,
  removeIndexedDbStorage,
} from '@sotto/sdk/storage/indexeddb';
import { runStorageConformance } from '@sotto/sdk/testing';

const value = new TextEncoder().encode('value');
const freshName = () => `phone-${crypto.randomUUID()}`;

/** A Keychain: items outlive everything that the app itself has. */
function recordedPlugin() {
  const items = new Map<string, string>();
  const calls: unknown[][] = [];
  const plugin: SecureStoragePlugin = {
    get: async (...words) => {
      calls.push(['get', ...words]);
      return items.get(words[0]) ?? null;
    },
    set: async (...words) => {
      calls.push(['set', ...words]);
      items.set(words[0], words[1]);
    },
    remove: async (...words) => {
      calls.push(['remove', ...words]);
      return items.delete(words[0]);
    },
  };
  return { plugin, items, calls };
}

const onPhone = (recorded: ReturnType<typeof recordedPlugin>) => ({
  plugin: recorded.plugin,
  platform: 'ios',
});

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'none';
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error);
  }
}

/** The database and every trace of the app outside of the Keychain. */
async function uninstall(name: string): Promise<void> {
  await removeIndexedDbStorage(name);
  const cache = await caches.open('sotto-first-run');
  for (const { url } of await cache.keys()) if (url.includes(name)) await cache.delete(url);
}

const runner = { describe, it: (name: string, body: () => Promise<void>) => it(name, body, 60_000) };

runStorageConformance(runner, {
  name: 'encrypted over IndexedDB, with a key of the phone',
  createMedium: async () => {
    const name = freshName();
    const where = onPhone(recordedPlugin());
    await capacitorKey(name, where);
    return {
      open: async () => encryptedStorage(indexedDbStorage(name), await capacitorKey(name, where)),
      dispose: async () => {
        await removeIndexedDbStorage(name);
        await removeCapacitorKey(name, where);
      },
    };
  },
  supports: { concurrentAdapters: true, destroyRemovesMedium: true },
  seed: Number(process.env['SOTTO_SEED'] ?? 1),
});

describe('the key of a phone', () => {
  async function installed() {
    const name = freshName();
    const recorded = recordedPlugin();
    const where = onPhone(recorded);
    const storage = encryptedStorage(indexedDbStorage(name), await capacitorKey(name, where));
    await storage.commit([{ key: 'account/self', value }], { fence: await storage.acquire() });
    await storage.close();
    const inspect = async () =>
      inspectIndexedDbStorage(name, { key: await inspectCapacitorKey(name, where) });
    return { name, recorded, where, inspect };
  }

  it('is kept on this device alone, and is the same at every start', async () => {
    const { name, recorded, where, inspect } = await installed();
    const sets = recorded.calls.filter(([method]) => method === 'set');
    expect(sets).toEqual([['set', `sotto-storage-key/${name}`, expect.any(String), false, false, 3]]);
    expect(await inspect()).toMatchObject({ state: 'ready', action: 'open' });
    const again = encryptedStorage(indexedDbStorage(name), await capacitorKey(name, where));
    expect(await again.get(['account/self'])).toEqual([value]);
    await again.close();
    await uninstall(name);
  });

  it('is refused where the plugin would keep it in plain sight', async () => {
    const recorded = recordedPlugin();
    for (const platform of ['web', 'electron', '']) {
      const where = { plugin: recorded.plugin, platform };
      expect(await codeOf(capacitorKey('alice', where))).toBe('insecure-key-store');
      expect(await codeOf(inspectCapacitorKey('alice', where))).toBe('insecure-key-store');
      expect(await codeOf(removeCapacitorKey('alice', where))).toBe('insecure-key-store');
    }
    expect(recorded.calls).toEqual([]);
  });

  it('that outlived its app begins nothing, until it is removed', async () => {
    const { name, where, inspect, recorded } = await installed();
    await uninstall(name);
    expect(await inspect()).toMatchObject({
      state: 'data-missing',
      action: 'restore',
      missing: ['database'],
    });
    const before = new Map(recorded.items);
    expect(await codeOf(capacitorKey(name, where))).toBe('storage-evicted');
    expect(recorded.items).toEqual(before);
    await removeCapacitorKey(name, where);
    expect(await inspect()).toMatchObject({ state: 'new' });
    expect(await codeOf(capacitorKey(name, where))).toBe('none');
    expect(recorded.items).not.toEqual(before);
    await removeCapacitorKey(name, where);
  });

  it.each(['with', 'without'])('that a restored phone lacks is missed, %s its mark', async (mark) => {
    const { name, where, inspect, recorded } = await installed();
    recorded.items.clear();
    if (mark === 'without') {
      const cache = await caches.open('sotto-first-run');
      for (const { url } of await cache.keys()) if (url.includes(name)) await cache.delete(url);
    }
    expect(await inspect()).toMatchObject({ state: 'key-missing', action: 'restore', missing: ['key'] });
    expect(await codeOf(capacitorKey(name, where))).toBe('storage-key-missing');
    expect(recorded.items.size).toBe(0);
    await uninstall(name);
  });

  it('ends in typed errors where the plugin fails, forgets or gives something else', async () => {
    const name = freshName();
    const { plugin } = recordedPlugin();
    const refuse = () => Promise.reject(new Error('the device is locked'));
    const broken = { platform: 'android', plugin: { ...plugin, get: refuse } };
    expect(await codeOf(capacitorKey(name, broken))).toBe('storage-failed');
    const forgetful = { platform: 'android', plugin: { ...plugin, set: async () => undefined } };
    expect(await codeOf(capacitorKey(name, forgetful))).toBe('storage-failed');
    // What was never kept is not missed.
    const odd = { platform: 'android', plugin: { ...plugin, get: async () => 'no key' } };
    expect(await codeOf(capacitorKey(name, odd))).toBe('storage-corrupt');
    const where = { platform: 'android', plugin };
    expect(await codeOf(capacitorKey(name, where))).toBe('none');
    await removeCapacitorKey(name, where);
  });
});
