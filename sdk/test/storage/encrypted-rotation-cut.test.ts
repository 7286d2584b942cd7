/** Rotations that are cut at any commit and go on where they were; and the bounds that begin one. */
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { utf8 } from '../../src/bytes.js';
import { systemRandom } from '../../src/host.js';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { SealedStorage } from '../../src/storage/encrypted/encrypted-storage.js';
import { SealCounter, sealBounds, type SealBounds } from '../../src/storage/encrypted/seal-counter.js';
import { keySource } from '../../src/storage/encrypted/storage-key.js';
import { mortal, OpenStore, putTexts, secretKey } from './encrypted-store.js';

const texts = Object.fromEntries(
  Array.from({ length: 150 }, (_, index) => [`message/carol/${index}`, `words ${index}`]),
);

const generous: SealBounds = { block: 64, rotateFrom: 2 ** 20, max: 2 ** 21 };

function sealed(inner: StorageAdapter, bounds: SealBounds, fill = 1): SealedStorage {
  return new SealedStorage(inner, keySource(secretKey(fill)), systemRandom, bounds);
}

/** After whoever acquires and commits next, nothing is there but one generation. */
async function expectClean(store: OpenStore, fill: number): Promise<void> {
  const storage = store.encrypted(secretKey(fill));
  await storage.commit([], { fence: await storage.acquire() });
  const generations = (await store.inside()).map(({ key }) => key.split('/')[0]);
  expect([...new Set(generations)].sort()).toHaveLength(2);
  expect(await store.read(secretKey(fill))).toEqual(texts);
}

/** A storage that dies after so many commits, and notes where copies were put. */
function noting(store: OpenStore, commits: number, copied: string[]): StorageAdapter {
  const inner = mortal(memoryStorage({ medium: store.medium }), commits);
  return {
    ...inner,
    commit: async (changes, options) => {
      await inner.commit(changes, options);
      for (const { key, value } of changes) if (value && key.startsWith('g2/v/')) copied.push(key);
    },
  };
}

describe('a rotation that is cut', () => {
  const count = Object.keys(texts).length;

  it('goes on where it was under the same call, after a crash at any commit, and copies nothing twice', async () => {
    let resumed = 0;
    for (let commits = 0; ; commits += 1) {
      const store = new OpenStore();
      await putTexts(store.encrypted(), texts);
      const copied: string[] = [];
      const first = sealed(noting(store, commits, copied), generous);
      const died = first.rotate(secretKey(2), { fence: await first.acquire() });
      if (
        await died.then(
          () => true,
          () => false,
        )
      )
        break;
      const isMoved = (await store.read(secretKey(1))) === 'storage-wrong-key';
      const before = copied.length;
      const second = sealed(noting(store, Infinity, copied), generous, isMoved ? 2 : 1);
      const fence = await second.acquire();
      if (!isMoved) await second.rotate(secretKey(2), { fence });
      if (before > 0 && before < count) resumed += 1;
      expect([copied.length, new Set(copied).size]).toEqual([count, count]);
      expect(await store.read(secretKey(2))).toEqual(texts);
      await expectClean(store, 2);
    }
    expect(resumed).toBeGreaterThanOrEqual(2);
  });

  it('goes on by itself where the count of seals began it, after a crash at any commit', async () => {
    // Worn by what is in it; what it is moved to is not.
    const worn: SealBounds = { block: 10, rotateFrom: 170, max: 900 };
    const store = new OpenStore();
    const writer = sealed(memoryStorage({ medium: store.medium }), worn);
    await putTexts(writer, texts);
    await writer.commit([{ key: 'message/carol/0', value: utf8('words 0') }], {
      fence: await writer.acquire(),
    });
    let cut = 0;
    for (let commits = 0; ; commits += 1) {
      const copy = store.copy();
      const copied: string[] = [];
      const died = sealed(noting(copy, commits, copied), worn).acquire();
      if (
        await died.then(
          () => true,
          () => false,
        )
      )
        break;
      if (copied.length > 0 && copied.length < count) cut += 1;
      await sealed(noting(copy, Infinity, copied), worn).acquire();
      expect([copied.length, new Set(copied).size]).toEqual([count, count]);
      await expectClean(copy, 1);
    }
    expect(cut).toBeGreaterThanOrEqual(2);
  });

  it('begins anew under another key, and after a commit, which the copies would not have', async () => {
    for (const between of ['another process', 'the same process'] as const) {
      const store = new OpenStore();
      await putTexts(store.encrypted(), texts);
      let left = 3;
      const inner = memoryStorage({ medium: store.medium });
      const faltering: StorageAdapter = {
        ...mortal(inner, Infinity),
        commit: async (changes, options) => {
          left -= 1;
          if (left === 0) throw new Error('full');
          await inner.commit(changes, options);
        },
      };
      let storage = sealed(faltering, generous);
      let fence = await storage.acquire();
      await expect(storage.rotate(secretKey(2), { fence })).rejects.toThrow('full');
      if (between === 'another process') {
        storage = sealed(inner, generous);
        fence = await storage.acquire();
      }
      await storage.commit([{ key: 'message/carol/0', value: utf8('later') }], { fence });
      expect((await store.inside()).filter(({ key }) => key.startsWith('g2/'))).toEqual([]);
      await storage.rotate(secretKey(2), { fence });
      expect(await store.read(secretKey(2))).toEqual({ ...texts, 'message/carol/0': 'later' });
      await storage.rotate(secretKey(3), { fence });
      expect(await store.read(secretKey(3))).toEqual({ ...texts, 'message/carol/0': 'later' });
    }
  });
});

describe('the bounds of a key', () => {
  it('have it replaced from 2^29 seals on, and used for no more than 2^30', () => {
    expect(sealBounds).toMatchObject({ rotateFrom: 2 ** 29, max: 2 ** 30 });
    const counter = new SealCounter(2 ** 29 - 10_000, sealBounds);
    expect(counter.isWorn).toBe(false);
    counter.written(counter.take(10_000) as number);
    expect(counter.isWorn).toBe(true);
    let seals = 0;
    const last = new SealCounter(2 ** 30 - 20_000, sealBounds);
    expect(() => {
      for (;;) {
        const reserved = last.take(100);
        seals += 100 + (reserved === undefined ? 0 : 1);
        if (reserved !== undefined) last.written(reserved);
      }
    }).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
    expect(seals).toBeGreaterThan(10_000);
    expect(seals).toBeLessThanOrEqual(20_000);
  });
});
