/** Storage cases: commits, fences, closing and destroying. */
import type { StorageAdapter } from '../ports/storage.js';
import { isSottoError } from '../errors.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import type { ConformanceRunner } from './runner.js';
import {
  changes,
  entriesOf,
  keysOf,
  storageCases,
  textsOf,
  type CreateMedium,
} from './storage-conformance-kit.js';

type DeclareCase = ReturnType<typeof storageCases>;

/** Declares them. */
export function commitCases(
  runner: ConformanceRunner,
  createMedium: CreateMedium,
  supports: { readonly concurrentAdapters: boolean; readonly destroyRemovesMedium: boolean },
): void {
  const it = storageCases(runner, createMedium);
  changeCases(it);
  fenceCases(it);
  if (supports.concurrentAdapters) twoAdapterCases(it);
  else lockCases(it);
  closingCases(it);
  destroyCases(it, supports.destroyRemovesMedium);
}

function changeCases(it: DeclareCase): void {
  it('replaces and removes; removing nothing is fine', async ({ storage, fence }) => {
    await storage.commit(changes({ a: '1', b: '1' }), { fence });
    await storage.commit(changes({ a: '2', b: undefined, c: undefined }), { fence });
    assertEqual(await textsOf(storage, ['a', 'b', 'c']), ['2', undefined, undefined], 'after it');
  });

  it('lets the last change of a key win within one commit', async ({ storage, fence }) => {
    const twice = [...changes({ a: 'first', b: 'first' }), ...changes({ a: 'last', b: undefined })];
    await storage.commit([...changes({ c: undefined }), ...twice, ...changes({ c: 'put' })], { fence });
    assertEqual(await textsOf(storage, ['a', 'b', 'c']), ['last', undefined, 'put'], 'after it');
  });

  it('shows a commit to every read that begins after it resolved', async ({ storage, fence }) => {
    for (let round = 0; round < 20; round += 1) {
      await storage.commit(changes({ a: String(round), [`r/${round}`]: 'x' }), { fence });
      assertEqual(await textsOf(storage, ['a']), [String(round)], 'the value just committed');
      assertEqual((await keysOf(storage, 'r/')).length, round + 1, 'keys listed');
    }
  });

  it('applies commits in the order of the calls', async ({ storage, fence }) => {
    const commits = Array.from({ length: 20 }, (_, index) =>
      storage.commit(changes({ a: String(index), b: String(index) }), { fence }),
    );
    await Promise.all(commits);
    assertEqual(await textsOf(storage, ['a', 'b']), ['19', '19'], 'the last one');
  });

  it('never shows half a commit to a read', async ({ storage, fence }) => {
    const keys = Array.from({ length: 40 }, (_, index) => `half/${index}`);
    const write = (text: string) =>
      storage.commit(
        keys.map((key) => ({ key, value: new TextEncoder().encode(text) })),
        { fence },
      );
    await write('0');
    let writing = true;
    const writes = (async () => {
      for (let round = 1; round <= 30; round += 1) await write(String(round));
    })().finally(() => {
      writing = false;
    });
    try {
      while (writing) {
        const values = await textsOf(storage, keys);
        assert(
          values.every((value) => value === values[0]),
          'values of two commits in one read',
        );
      }
    } finally {
      // Also when the case has failed: nothing may go on in its back.
      await writes;
    }
  });
}

function fenceCases(it: DeclareCase): void {
  it('gives out growing fences', async ({ storage, fence }) => {
    let last: number = fence;
    for (let round = 0; round < 5; round += 1) {
      const next = await storage.acquire();
      assert(next > last, 'a later fence is greater');
      last = next;
    }
  });

  it('refuses an older writer and writes nothing of it', async ({ storage, fence }) => {
    await storage.commit(changes({ a: 'old' }), { fence });
    const newer = await storage.acquire();
    await assertRejects(() => storage.commit(changes({ a: 'stale', b: 'x' }), { fence }), 'fenced', 'older');
    await assertRejects(() => storage.commit([], { fence }), 'fenced', 'an empty commit checks the fence');
    await assertRejects(() => storage.destroy({ fence }), 'fenced', 'destroy checks the fence');
    assertEqual(await textsOf(storage, ['a', 'b']), ['old', undefined], 'nothing was written');
    await storage.commit(changes({ a: 'new' }), { fence: newer });
    await storage.commit([], { fence: newer });
    assertEqual(await textsOf(storage, ['a']), ['new'], 'the newer writer writes');
  });

  it('lets no commit of an older writer land after a newer one has acquired', async (context) => {
    const { storage, fence } = context;
    const large = new Uint8Array(256 * 1024);
    const outcomes = Array.from({ length: 10 }, (_, index) =>
      storage.commit([...changes({ a: String(index) }), { key: 'large', value: large }], { fence }).then(
        () => 'written',
        (error: unknown) => (isSottoError(error) ? error.code : 'other'),
      ),
    );
    await storage.acquire();
    const seen = await textsOf(storage, ['a']);
    for (const outcome of await Promise.all(outcomes)) {
      assert(outcome === 'written' || outcome === 'fenced', `an old commit ended as ${outcome}`);
    }
    assertEqual(await textsOf(storage, ['a']), seen, 'what the newer writer saw');
  });

  it('goes on with data and fence after it was closed and opened again', async (context) => {
    const { storage, fence, reopen } = context;
    await storage.commit(changes({ 'a/1': 'kept', 'a/2': 'gone' }), { fence });
    await storage.commit(changes({ 'a/2': undefined }), { fence });
    await storage.close();
    const again = await reopen();
    const newer = await again.acquire();
    assert(newer > fence, 'fences grow across reopening');
    assertEqual(await textsOf(again, ['a/1', 'a/2']), ['kept', undefined], 'the data');
    await assertRejects(() => again.commit([], { fence }), 'fenced', 'the fence of before');
    await again.commit(changes({ b: '1' }), { fence: newer });
  });
}

function twoAdapterCases(it: DeclareCase): void {
  it('lets the adapter that acquired last write, and no other', async ({ storage, fence, reopen }) => {
    const other = await reopen();
    await storage.commit(changes({ a: 'first' }), { fence });
    assertEqual(await textsOf(other, ['a']), ['first'], 'both see one store');
    const newer = await other.acquire();
    assert(newer > fence, 'fences are of the data, not of the adapter');
    await assertRejects(
      () => storage.commit(changes({ a: 'late' }), { fence }),
      'fenced',
      'the older adapter',
    );
    await other.commit(changes({ a: 'second' }), { fence: newer });
    const newest = await storage.acquire();
    await assertRejects(() => other.commit([], { fence: newer }), 'fenced', 'taken back');
    await storage.commit(changes({ b: 'third' }), { fence: newest });
    assertEqual(await textsOf(other, ['a', 'b']), ['second', 'third'], 'one store');
  });

  it('never gives one fence to two adapters', async ({ storage, reopen }) => {
    const other = await reopen();
    const fences = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? storage : other).acquire()),
    );
    assertEqual(new Set(fences).size, fences.length, 'different fences');
  });
}

function lockCases(it: DeclareCase): void {
  it('keeps a second adapter out until the first is closed', async ({ storage, fence, reopen }) => {
    const locked = async () => {
      const other = await reopen();
      await other.acquire();
    };
    await assertRejects(locked, 'storage-locked', 'a second adapter');
    await storage.commit(changes({ a: '1' }), { fence });
    await storage.close();
    const other = await reopen();
    assert((await other.acquire()) > fence, 'the next one has a greater fence');
    assertEqual(await textsOf(other, ['a']), ['1'], 'the data');
  });
}

function closingCases(it: DeclareCase): void {
  it('refuses everything after close, and closes again without complaint', async ({ storage, fence }) => {
    await storage.close();
    await storage.close();
    await assertAllClosed(storage, fence);
  });

  it('finishes the commits that were under way when it was closed', async ({ storage, fence, reopen }) => {
    const commits = Array.from({ length: 5 }, (_, index) =>
      storage.commit(changes({ [`c/${index}`]: 'x' }), { fence }),
    );
    const closed = storage.close();
    await Promise.all(commits);
    await closed;
    assertEqual((await keysOf(await reopen(), 'c/')).length, 5, 'commits found');
  });

  it('ends a list that close overtakes without hanging', async ({ storage, fence }) => {
    await storage.commit(changes({ 'a/1': '1', 'a/2': '2', 'a/3': '3' }), { fence });
    const listed = async () => {
      for await (const _ of storage.list('a/')) await storage.close();
    };
    await assertRejects(listed, 'storage-closed', 'a list across close');
  });
}

function destroyCases(it: DeclareCase, removesMedium: boolean): void {
  it('destroys every pair and closes', async ({ storage, fence, reopen }) => {
    await storage.commit(changes({ a: '1', 'b/c': '2' }), { fence });
    await storage.destroy({ fence });
    await assertAllClosed(storage, fence);
    await storage.close();
    const again = await reopen();
    const newer = await again.acquire();
    if (!removesMedium) assert(newer > fence, 'fences grow across destroying');
    assertEqual(await keysOf(again, ''), [], 'keys left');
    assertEqual(await textsOf(again, ['a', 'b/c']), [undefined, undefined], 'values left');
    await again.commit(changes({ a: 'new' }), { fence: newer });
    assertEqual(await textsOf(again, ['a']), ['new'], 'it can be used again');
  });
}

async function assertAllClosed(
  storage: StorageAdapter,
  fence: Parameters<StorageAdapter['destroy']>[0]['fence'],
): Promise<void> {
  await assertRejects(() => storage.acquire(), 'storage-closed', 'acquire');
  await assertRejects(() => storage.get(['a']), 'storage-closed', 'get');
  await assertRejects(() => entriesOf(storage, ''), 'storage-closed', 'list');
  await assertRejects(() => storage.commit(changes({ a: '2' }), { fence }), 'storage-closed', 'commit');
  await assertRejects(() => storage.destroy({ fence }), 'storage-closed', 'destroy');
}
