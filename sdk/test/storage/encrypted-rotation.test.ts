/** New keys for an encrypted storage: by the user's wish and by count, with a crash at every step; and the largest values. */
import { describe, expect, it } from 'vitest';
import { passphraseKey } from '@sotto/sdk/storage/encrypted';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { equalBytes, utf8 } from '../../src/bytes.js';
import { systemRandom } from '../../src/host.js';
import type { StorageAdapter, StorageChange } from '../../src/ports/storage.js';
import { SealedStorage } from '../../src/storage/encrypted/encrypted-storage.js';
import type { SealBounds } from '../../src/storage/encrypted/seal-counter.js';
import { keySource } from '../../src/storage/encrypted/storage-key.js';
import { mortal, OpenStore, putTexts, secretKey, textsOf } from './encrypted-store.js';

const texts = Object.fromEntries(
  Array.from({ length: 150 }, (_, index) => [`message/carol/${index}`, `words ${index}`]),
);

function sealed(inner: StorageAdapter, bounds: SealBounds, fill = 1): SealedStorage {
  return new SealedStorage(inner, keySource(secretKey(fill)), systemRandom, bounds);
}

const generous: SealBounds = { block: 64, rotateFrom: 2 ** 20, max: 2 ** 21 };

describe('rotation', () => {
  it('keeps everything, opens with the new key, and not with the old', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await putTexts(storage, texts);
    await storage.rotate(secretKey(2), { fence });
    expect(await textsOf(storage)).toEqual(texts);
    await storage.commit([{ key: 'more', value: utf8('text') }], { fence });
    expect(await store.read(secretKey(1))).toBe('storage-wrong-key');
    expect(await store.read(secretKey(2))).toEqual({ ...texts, more: 'text' });
    // Nothing of the old generation is left: its keys would still open it.
    expect((await store.inside()).filter(({ key }) => key.startsWith('g1/'))).toEqual([]);
  });

  it('changes from one kind of key to another, and back', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await putTexts(storage, texts);
    await storage.rotate(passphraseKey('words', { logN: 14, p: 1 }), { fence });
    expect(await store.read(passphraseKey('words'))).toEqual(texts);
    await storage.rotate(secretKey(1), { fence });
    expect(await store.read()).toEqual(texts);
    expect(await store.read(passphraseKey('words'))).toBe('storage-wrong-key');
  });

  it('of an empty storage has the next commit use the new key', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await storage.acquire();
    await storage.rotate(secretKey(2), { fence });
    await storage.commit([{ key: 'a', value: utf8('text') }], { fence });
    expect(await store.read(secretKey(2))).toEqual({ a: 'text' });
  });

  it('of a storage whose pairs were all removed keeps it a storage', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await putTexts(storage, { a: 'text' });
    await storage.commit([{ key: 'a', value: undefined }], { fence });
    await storage.rotate(secretKey(2), { fence });
    await store.encrypted(secretKey(2)).acquire();
    expect(await store.read(secretKey(2))).toEqual({});
  });

  it('is refused for an older writer', async () => {
    const store = new OpenStore();
    const fence = await putTexts(store.encrypted(), texts);
    const storage = store.encrypted();
    await storage.acquire();
    await expect(storage.rotate(secretKey(2), { fence })).rejects.toMatchObject({ code: 'fenced' });
    expect(await store.read()).toEqual(texts);
  });

  it('is whole or not at all, wherever a crash cuts it', async () => {
    const opened = { before: 0, after: 0 };
    for (let commits = 0; ; commits += 1) {
      const store = new OpenStore();
      await putTexts(store.encrypted(), texts);
      const storage = sealed(mortal(memoryStorage({ medium: store.medium }), commits), generous);
      const fence = await storage.acquire();
      const outcome = await storage.rotate(secretKey(2), { fence }).then(
        () => 'done',
        (error: Error) => error.message,
      );
      const [old, next] = [await store.read(secretKey(1)), await store.read(secretKey(2))];
      const isMoved = old === 'storage-wrong-key';
      expect(isMoved ? next : old).toEqual(texts);
      expect(isMoved ? old : next).toBe('storage-wrong-key');
      opened[isMoved ? 'after' : 'before'] += 1;
      await expectClean(store, isMoved ? 2 : 1);
      if (outcome === 'done') break;
      expect(outcome).toBe('dead');
    }
    // The copies in three batches and the exchange; the removal, and the end.
    expect(opened.before).toBeGreaterThanOrEqual(4);
    expect(opened.after).toBeGreaterThanOrEqual(3);
  });

  it('ends a list under way with an error instead of an end that is too early', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await putTexts(storage, texts);
    const listed = async () => {
      let isFirst = true;
      for await (const _ of storage.list('')) {
        if (isFirst) await storage.rotate(secretKey(2), { fence });
        isFirst = false;
      }
    };
    await expect(listed()).rejects.toMatchObject({ code: 'storage-failed' });
  });

  it('is seen by another adapter: it reads on under the same key, and is refused under an old one', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await putTexts(storage, texts);
    const other = store.encrypted();
    expect(await textsOf(other)).toEqual(texts);
    await storage.rotate(secretKey(1), { fence });
    expect(await textsOf(other)).toEqual(texts);
    await storage.rotate(secretKey(2), { fence });
    await expect(other.get(['message/carol/1'])).rejects.toMatchObject({ code: 'storage-wrong-key' });
  });
});

/** After whoever acquires and commits next, nothing is there but one generation. */
async function expectClean(store: OpenStore, fill: number): Promise<void> {
  const storage = store.encrypted(secretKey(fill));
  await storage.commit([], { fence: await storage.acquire() });
  const generations = (await store.inside()).map(({ key }) => key.split('/')[0]);
  expect([...new Set(generations)].sort()).toHaveLength(2);
  expect(await store.read(secretKey(fill))).toEqual(texts);
}

describe('the count of seals', () => {
  const tight: SealBounds = { block: 10, rotateFrom: 60, max: 100 };
  const put = (count: number): StorageChange[] =>
    Array.from({ length: count }, (_, index) => ({ key: `k/${index}`, value: utf8('v') }));

  it('is written once in a block, and ahead', async () => {
    const store = new OpenStore();
    const storage = sealed(memoryStorage({ medium: store.medium }), generous);
    const fence = await storage.acquire();
    const counts = new Set<string>();
    const commits = 200;
    for (let commit = 0; commit < commits; commit += 1) {
      await storage.commit(put(1), { fence });
      const count = (await store.inside()).find(({ key }) => key === 'g1/count');
      counts.add(String(count?.value));
    }
    // 64 at a time, and each count is a seal too.
    expect(counts.size).toBe(Math.ceil(commits / 65));
  });

  it('has the next writer rotate under the same key once it is high', async () => {
    const store = new OpenStore();
    const open = () => sealed(memoryStorage({ medium: store.medium }), tight);
    let storage = open();
    let fence = await storage.acquire();
    await storage.commit(put(40), { fence });
    storage = open();
    fence = await storage.acquire();
    expect((await store.inside()).some(({ key }) => key === 'g1/count')).toBe(true);
    await storage.commit(put(9), { fence });
    storage = open();
    fence = await storage.acquire();
    expect((await store.inside()).filter(({ key }) => key.startsWith('g1/'))).toEqual([]);
    expect(await textsOf(storage)).toEqual(Object.fromEntries(put(40).map(({ key }) => [key, 'v'])));
    await storage.commit(put(1), { fence });
  });

  it('stops before it is too high, with nothing of that commit written', async () => {
    const store = new OpenStore();
    const storage = sealed(memoryStorage({ medium: store.medium }), tight);
    const fence = await storage.acquire();
    await storage.commit(put(60), { fence });
    const more = storage.commit([...put(1), { key: 'x', value: utf8('v') }, ...put(40)], { fence });
    await expect(more).rejects.toMatchObject({
      code: 'limit-exceeded',
      details: { limit: 'maxSealsPerKey' },
    });
    expect(await storage.get(['x'])).toEqual([undefined]);
    // Removals take none, and a writer that comes next rotates.
    await storage.commit([{ key: 'k/1', value: undefined }], { fence });
    const next = sealed(memoryStorage({ medium: store.medium }), tight);
    await next.commit(put(1), { fence: await next.acquire() });
  });

  it('counts what commits that failed have sealed', async () => {
    const store = new OpenStore();
    const inner = memoryStorage({ medium: store.medium });
    let failures = 0;
    const failing: StorageAdapter = {
      ...mortal(inner, Infinity),
      commit: async (changes, options) => {
        failures -= 1;
        if (failures >= 0) throw new Error('full');
        await inner.commit(changes, options);
      },
    };
    const storage = sealed(failing, { block: 2, rotateFrom: 900, max: 1_000 });
    const fence = await storage.acquire();
    await storage.commit(put(3), { fence });
    failures = 3;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(storage.commit(put(5), { fence })).rejects.toThrow('full');
    }
    await storage.commit(put(1), { fence });
    // Ten of its own, each with its count; whoever comes next must not begin below them.
    expect(await reservedIn(store)).toBeGreaterThanOrEqual(3 + 3 * 6 + 1);
  });
});

/** What the store says is reserved, by how far it is from a limit that the next writer must not pass. */
async function reservedIn(store: OpenStore): Promise<number> {
  for (let max = 1; ; max += 1) {
    const copy = store.copy();
    const storage = sealed(memoryStorage({ medium: copy.medium }), { block: 0, rotateFrom: 2 ** 20, max });
    const fence = await storage.acquire();
    const isRoom = await storage.commit([{ key: 'z', value: utf8('v') }], { fence }).then(
      () => true,
      () => false,
    );
    if (isRoom) return max - 2;
  }
}

describe('names and values at the edges', () => {
  const largest = (fill: number) => new Uint8Array(16 * 1024 * 1024).fill(fill);

  it('keeps the largest values in two records, and leaves none behind', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await storage.acquire();
    const tails = async () => (await store.inside()).filter(({ key }) => key.startsWith('g1/t/')).length;
    await storage.commit([{ key: 'a', value: largest(1) }], { fence });
    expect(await tails()).toBe(1);
    // A later adapter knows of them too.
    const later = store.encrypted();
    const laterFence = await later.acquire();
    await later.commit([{ key: 'a', value: utf8('small') }], { fence: laterFence });
    expect(await tails()).toBe(0);
    await later.commit([{ key: 'a', value: largest(2) }], { fence: laterFence });
    await later.rotate(secretKey(2), { fence: laterFence });
    const [moved] = await later.get(['a']);
    // Not by the runner's own comparison, which takes every byte for a property.
    expect(moved && equalBytes(moved, largest(2))).toBe(true);
    await later.commit([{ key: 'a', value: undefined }], { fence: laterFence });
    expect((await store.inside()).map(({ key }) => key)).toEqual(['g2/count', 'header']);
  });

  it('notices when a large value has lost its tail, or has another’s', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await storage.acquire();
    await storage.commit([{ key: 'a', value: largest(1) }], { fence });
    const tail = (await store.inside()).find(({ key }) => key.startsWith('g1/t/'));
    await storage.commit([{ key: 'a', value: largest(2) }], { fence });
    for (const value of [undefined, tail?.value]) {
      const copy = store.copy();
      await copy.meddle(tail?.key as string, value);
      expect(await copy.read()).toBe('storage-tampered');
    }
  });

  it('takes names of as many segments as fit, and lists below each', async () => {
    const deep = Array.from({ length: 256 }, () => 'a').join('/');
    const names = [deep, `${deep.slice(0, -1)}b`, 'a', 'a/a', deep.slice(0, 41), `${deep.slice(0, 39)}b/a`];
    const store = new OpenStore();
    await putTexts(store.encrypted(), Object.fromEntries(names.map((name) => [name, name])));
    const storage = store.encrypted();
    expect(Object.keys(await textsOf(storage)).sort()).toEqual([...names].sort());
    for (let length = 2; length < 512; length += 22) {
      const prefix = deep.slice(0, length);
      const listed: string[] = [];
      for await (const { key } of storage.list(prefix)) listed.push(key);
      expect(listed.sort()).toEqual(names.filter((name) => name.startsWith(prefix)).sort());
    }
    expect(Math.max(...(await store.inside()).map(({ key }) => key.length))).toBeLessThan(512);
  });
});
