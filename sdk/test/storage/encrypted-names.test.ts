/** How an encrypted storage hides numbered names: in blocks, and one by one in stores that were made before. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { utf8 } from '../../src/bytes.js';
import { encryptedStorage } from '../../src/storage/encrypted/index.js';
import { mortal, OpenStore, putTexts, secretKey, textsOf } from './encrypted-store.js';

const v1 = fileURLToPath(new URL('../../../test-vectors/stores/v1/encrypted.json', import.meta.url));
/** The key of the frozen stores. */
const frozenKey = () => secretKey(7);

/** So many messages of a conversation. */
const conversation = (length: number) =>
  Object.fromEntries(Array.from({ length }, (_, index) => [`message/carol/${index + 1}`, `words ${index}`]));

/** The last segment of the only value's key below. */
async function leafOf(name: string): Promise<string> {
  const store = new OpenStore();
  await putTexts(store.encrypted(), { [name]: 'words' });
  return (await leavesOf(store))[0] as string;
}

async function leavesOf(store: OpenStore): Promise<string[]> {
  const keys = (await store.inside()).map(({ key }) => key);
  return keys.filter((key) => /^g\d+\/v\//.test(key)).map((key) => key.split('/').at(-1) as string);
}

const formatOf = async (store: OpenStore) =>
  (await store.inside()).find(({ key }) => key === 'header')?.value[0];

describe('numbered names', () => {
  const texts = conversation(1_000);

  it('share a beginning with those of their block, and nothing with others', async () => {
    const store = new OpenStore();
    await putTexts(store.encrypted(), texts);
    const leaves = await leavesOf(store);
    expect(new Set(leaves).size).toBe(1_000);
    const sizes = new Map<string, number>();
    for (const leaf of leaves) sizes.set(leaf.slice(0, -1), (sizes.get(leaf.slice(0, -1)) ?? 0) + 1);
    // From 1 on: the first block has 63, the last one what is left.
    expect([...sizes.values()].sort((one, other) => one - other)).toEqual([41, 63, ...Array(14).fill(64)]);
    expect(await textsOf(store.encrypted())).toEqual(texts);
  });

  it('lie in each block in an order of its own, which is not theirs', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await storage.acquire();
    const known = new Set<string>();
    const places: string[] = [];
    for (const [key, text] of Object.entries(texts).slice(63, 63 + 3 * 64)) {
      await storage.commit([{ key, value: utf8(text) }], { fence });
      const added = (await leavesOf(store)).filter((leaf) => !known.has(leaf));
      expect(added).toHaveLength(1);
      known.add(added[0] as string);
      places.push((added[0] as string).slice(-1));
    }
    const blocks = [0, 64, 128].map((start) => places.slice(start, start + 64).join(''));
    const inOrder = [...(blocks[0] as string)].sort().join('');
    expect(new Set([...blocks, inOrder]).size).toBe(4);
    for (const block of blocks) {
      expect([...block].sort().join('')).toBe(inOrder);
      // Of 63 pairs of neighbours a random order keeps two together, and sixteen hardly ever.
      const together = [...block].filter(
        (place, at) =>
          at > 0 && Math.abs(inOrder.indexOf(place) - inOrder.indexOf(block[at - 1] as string)) === 1,
      );
      expect(together.length).toBeLessThan(16);
    }
  });

  it('are hidden one by one where a number is written in another way', async () => {
    expect(await leafOf('a/7')).toHaveLength(23);
    for (const name of ['a/07', 'a/1000000000000000', 'a/-7', 'a/7/b', 'a/7.0']) {
      expect([name, await leafOf(name)]).toEqual([name, expect.stringMatching(/^.{22}$/)]);
    }
  });
});

/** A store that an earlier release made, with more messages in it than there were. */
async function earlierStore(): Promise<{ store: OpenStore; pairs: Record<string, string> }> {
  const { secret } = JSON.parse(await readFile(v1, 'utf8')) as { secret: Record<string, string> };
  const store = new OpenStore();
  const inner = memoryStorage({ medium: store.medium });
  const changes = Object.entries(secret).map(([key, value]) => ({
    key,
    value: Uint8Array.from(Buffer.from(value, 'base64')),
  }));
  await inner.commit(changes, { fence: await inner.acquire() });
  await putTexts(store.encrypted(frozenKey()), conversation(150));
  return { store, pairs: await textsOf(store.encrypted(frozenKey())) };
}

describe('a store that was made before there were blocks', () => {
  it('goes on as it was, and has blocks once its keys are others', async () => {
    const { store, pairs } = await earlierStore();
    expect(pairs).toMatchObject(conversation(150));
    expect(await formatOf(store)).toBe(1);
    expect(new Set((await leavesOf(store)).map((leaf) => leaf.length))).toEqual(new Set([22]));
    const storage = store.encrypted(frozenKey());
    await storage.rotate(frozenKey(), { fence: await storage.acquire() });
    expect(await formatOf(store)).toBe(2);
    expect((await leavesOf(store)).filter((leaf) => leaf.length === 23).length).toBeGreaterThanOrEqual(150);
    expect(await textsOf(storage)).toEqual(pairs);
    expect(await store.read(frozenKey())).toEqual(pairs);
  });

  it('has everything once, wherever a crash cuts the way there, and gets there', async () => {
    const earlier = await earlierStore();
    const formats = new Set<number | undefined>();
    for (let commits = 0, isDone = false; !isDone; commits += 1) {
      const store = earlier.store.copy();
      const dying = encryptedStorage(mortal(memoryStorage({ medium: store.medium }), commits), frozenKey());
      const fence = await dying.acquire();
      isDone = await dying.rotate(frozenKey(), { fence }).then(
        () => true,
        () => false,
      );
      formats.add(await formatOf(store));
      expect(await store.read(frozenKey())).toEqual(earlier.pairs);
      // Under the same key whoever acquires next goes on by itself; before the first copy nothing had begun.
      const next = store.encrypted(frozenKey());
      await putTexts(next, { 'message/carol/151': 'one more' });
      expect(await textsOf(next)).toEqual({ ...earlier.pairs, 'message/carol/151': 'one more' });
      const generations = new Set((await store.inside()).map(({ key }) => key.split('/')[0]));
      expect(generations.size).toBe(2);
    }
    expect(formats).toEqual(new Set([1, 2]));
  });

  it('is not taken for one by who says so in its header', async () => {
    const store = new OpenStore();
    await putTexts(store.encrypted(), conversation(3));
    const header = (await store.inside()).find(({ key }) => key === 'header')?.value as Uint8Array;
    await store.meddle('header', Uint8Array.of(1, ...header.subarray(1)));
    expect(await store.read()).toBe('storage-tampered');
    await store.meddle('header', Uint8Array.of(3, ...header.subarray(1)));
    expect(await store.read()).toBe('storage-corrupt');
  });
});
