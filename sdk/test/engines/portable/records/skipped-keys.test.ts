import { expect, test } from 'vitest';
import {
  noSkippedKeys,
  pagesIn,
  SkippedKeys,
} from '../../../../src/engines/portable/records/skipped-keys.js';
import { seededRandom } from '../../../../src/testing/index.js';

/** A store of pages, and a naive model beside it. */
class Shelf {
  readonly pages = new Map<number, Uint8Array>();
  directory = noSkippedKeys;
  loads = 0;

  open(): SkippedKeys {
    return new SkippedKeys(this.directory, async (page) => {
      this.loads += 1;
      return this.pages.get(page);
    });
  }

  keep(keys: SkippedKeys): void {
    this.directory = keys.directory();
    for (const { page, keys: value } of keys.changes()) {
      if (value) this.pages.set(page, value);
      else this.pages.delete(page);
    }
  }
}

function keyOf(counter: number): Uint8Array {
  const key = new Uint8Array(32).fill(7);
  new DataView(key.buffer).setUint32(0, counter);
  return key;
}

function numberFrom(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

test('agrees with a plain map over random steps', async () => {
  for (const seed of ['1', '2', '3', '4']) {
    const random = seededRandom(seed);
    const below = (limit: number): number => numberFrom(random.bytes(4)) % limit;
    const shelf = new Shelf();
    const model = new Map<number, Uint8Array>();
    let next = below(200);
    for (let step = 0; step < 400; step += 1) {
      const keys = shelf.open();
      const kind = below(10);
      if (kind < 4) {
        const count = below(kind === 0 ? 300 : 5);
        const added = Array.from({ length: count }, (_, index) => keyOf(next + index));
        await keys.store(next, added);
        added.forEach((key, index) => model.set(next + index, key));
        next += count + below(70);
      } else if (kind < 8) {
        const counter = below(next + 2);
        expect(await keys.take(counter), `seed ${seed} step ${step}`).toEqual(model.get(counter));
        model.delete(counter);
      } else if (kind === 8) {
        const max = below(500);
        await keys.keepNewest(max);
        for (const counter of [...model.keys()].slice(0, Math.max(0, model.size - max)))
          model.delete(counter);
      } else {
        const counter = Math.max(0, next - below(600));
        await keys.dropBelow(counter);
        for (const held of [...model.keys()]) if (held < counter) model.delete(held);
      }
      expect(keys.size, `seed ${seed} step ${step}`).toBe(model.size);
      if (below(8) > 0) shelf.keep(keys);
      else {
        // A step that fails is thrown away: undo it in the model by reading what is still held.
        model.clear();
        const kept = shelf.open();
        for (let counter = 0; counter < next; counter += 1) {
          const key = await kept.take(counter);
          if (key) model.set(counter, key);
        }
      }
      expect([...shelf.pages.keys()].sort((a, b) => a - b)).toEqual([...pagesIn(shelf.directory)]);
    }
    const last = shelf.open();
    for (const [counter, key] of model) expect(await last.take(counter)).toEqual(key);
    expect(last.size).toBe(0);
    shelf.keep(last);
    expect(shelf.pages.size).toBe(0);
    expect(shelf.directory).toEqual(noSkippedKeys);
  }
});

test('touches one page for one key among two thousand', async () => {
  const shelf = new Shelf();
  const first = shelf.open();
  await first.store(
    1,
    Array.from({ length: 2000 }, (_, index) => keyOf(index + 1)),
  );
  shelf.keep(first);
  shelf.loads = 0;
  const keys = shelf.open();
  expect(await keys.take(777)).toEqual(keyOf(777));
  expect(shelf.loads).toBe(1);
  expect(keys.changes()).toHaveLength(1);
  expect(keys.directory().length).toBeLessThan(350);
});

test('erases what it drops from the pages that stay', async () => {
  const shelf = new Shelf();
  const first = shelf.open();
  await first.store(0, [keyOf(0), keyOf(1), keyOf(2)]);
  shelf.keep(first);
  const keys = shelf.open();
  await keys.keepNewest(1);
  shelf.keep(keys);
  expect(shelf.pages.get(0)).toEqual(keyOf(2));
});

test('refuses directories and pages that do not fit', async () => {
  const load = async () => new Uint8Array(31);
  for (const bad of [
    [],
    [1],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [2, 1, 0, 0, 0, 1, 0, 0, 0, 0],
    [0, 0],
    [0x80, 0x00],
  ]) {
    expect(() => new SkippedKeys(Uint8Array.from(bad), load), JSON.stringify(bad)).toThrow(
      expect.objectContaining({ code: 'engine-record-invalid' }),
    );
  }
  const torn = new SkippedKeys(Uint8Array.from([1, 0, 0, 0, 0, 1, 0, 0, 0, 0]), load);
  await expect(torn.take(0)).rejects.toThrow(expect.objectContaining({ code: 'engine-record-invalid' }));
});
