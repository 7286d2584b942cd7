/** The storage suite against adapters that are wrong in one way each: the case meant for it must fail. */
import { describe, expect, it } from 'vitest';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '../../src/ports/storage.js';
import { levelStorage } from '../../src/storage/level/index.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import {
  runStorageConformance,
  type StorageConformanceOptions,
} from '../../src/testing/storage-conformance.js';
import { buildChildModule } from './child-module.js';
import { temporaryPath } from './temporary-folder.js';

interface Case {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** The suite's cases, instead of running them. */
function casesOf(options: Omit<StorageConformanceOptions, 'name'>): readonly Case[] {
  const cases: Case[] = [];
  runStorageConformance(
    {
      describe: (_name, body) => {
        body();
      },
      it: (name, body) => cases.push({ name, body }),
    },
    { name: 'broken', ...options },
  );
  return cases;
}

async function expectCaught(cases: readonly Case[], caughtBy: string): Promise<void> {
  const found = cases.filter(({ name }) => name.startsWith(caughtBy));
  expect(found).toHaveLength(1);
  await expect(found[0]!.body()).rejects.toThrow();
}

/** What an adapter may keep beside the good one, per medium. */
type Breakage = (good: StorageAdapter, shared: { fence: number }) => Partial<StorageAdapter>;

async function* filtered(
  entries: AsyncIterable<StorageEntry>,
  keep: (entry: StorageEntry) => boolean,
): AsyncIterable<StorageEntry> {
  for await (const entry of entries) if (keep(entry)) yield entry;
}

const later = (work: () => Promise<void>) => Promise.resolve().then(work);

/** Commits in the name of whoever may. */
async function forced(good: StorageAdapter, changes: readonly StorageChange[]): Promise<void> {
  await good.commit(changes, { fence: await good.acquire() });
}

const breakages: readonly (readonly [what: string, caughtBy: string, breakage: Breakage])[] = [
  [
    'answers in its own order',
    'returns what was put',
    (good) => ({ get: async (keys) => [...(await good.get([...keys].reverse()))] }),
  ],
  [
    'takes any key',
    'refuses every other key',
    (good) => ({ get: async (keys) => good.get(keys).catch(() => []) }),
  ],
  [
    'folds case',
    'takes every key',
    (good) => ({ get: (keys) => good.get(keys.map((key) => key.toLowerCase())) }),
  ],
  [
    'throws instead of rejecting',
    'refuses every other key',
    (good) => ({
      get: (keys) => {
        if (keys.includes('')) throw new TypeError('bad key');
        return good.get(keys);
      },
    }),
  ],
  [
    'drops empty values',
    'keeps empty values',
    (good) => ({
      commit: (changes, options) =>
        good.commit(
          changes.map(({ key, value }) => ({ key, value: value?.length === 0 ? undefined : value })),
          options,
        ),
    }),
  ],
  [
    'copies too late',
    'copies what it is given',
    (good) => ({ commit: (changes, options) => later(() => good.commit(changes, options)) }),
  ],
  [
    'lists by characters, not by segments',
    'lists whole segments',
    (good) => ({
      list: (prefix) => filtered(good.list(''), ({ key }) => key.startsWith(prefix.replace(/\/$/, ''))),
    }),
  ],
  [
    'forgets a pair in a list',
    'agrees with a map',
    (good) => ({ list: (prefix) => filtered(good.list(prefix), ({ key }) => key !== 'a/b/2') }),
  ],
  [
    'lets the first change of a key win',
    'lets the last change',
    (good) => ({
      commit: (changes, options) =>
        good.commit(
          changes.filter(({ key }, index) => changes.findIndex((change) => change.key === key) === index),
          options,
        ),
    }),
  ],
  [
    'writes change by change',
    'never shows half a commit',
    (good) => ({
      commit: async (changes, options) => {
        for (const change of changes) await good.commit([change], options);
      },
    }),
  ],
  [
    'ignores the fence',
    'refuses an older writer',
    (good) => ({
      commit: (changes) => forced(good, changes),
    }),
  ],
  [
    'does not check the fence of an empty commit',
    'refuses an older writer',
    (good) => ({
      commit: async (changes, options) => {
        if (changes.length > 0) await good.commit(changes, options);
      },
    }),
  ],
  [
    'destroys for anybody',
    'refuses an older writer',
    (good) => ({ destroy: async () => good.destroy({ fence: await good.acquire() }) }),
  ],
  [
    'keeps the fence in the adapter',
    'lets the adapter that acquired last write',
    (good) => {
      let own = 0;
      return {
        acquire: async () => (own += 1) as StorageFence,
        commit: async (changes, { fence }) => {
          if (fence !== own) await good.commit(changes, { fence: -1 as StorageFence });
          await forced(good, changes);
        },
      };
    },
  ],
  [
    'checks the fence, then waits before it writes',
    'lets no commit of an older writer land',
    (good, shared) => ({
      acquire: async () => (shared.fence = await good.acquire()),
      commit: async (changes, options) => {
        if (options.fence !== shared.fence) await good.commit([], options);
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        await forced(good, changes);
      },
    }),
  ],
  ['stays open after close', 'refuses everything after close', () => ({ close: async () => undefined })],
  [
    'complains about a second close',
    'refuses everything after close',
    (good) => {
      let closed = false;
      return {
        close: async () => {
          if (closed) throw new Error('closed already');
          closed = true;
          await good.close();
        },
      };
    },
  ],
  [
    'does not wait for commits when it closes',
    'finishes the commits that were under way',
    (good) => ({ commit: (changes, options) => later(() => good.commit(changes, options)) }),
  ],
  [
    'destroys nothing',
    'destroys every pair',
    (good) => ({
      destroy: async ({ fence }) => {
        await good.commit([], { fence });
        await good.close();
      },
    }),
  ],
];

describe('the storage suite catches a storage that', () => {
  it.each(breakages)('%s', async (_what, caughtBy, breakage) => {
    const cases = casesOf({ createMedium: wrappedMedium(breakage), supports: { concurrentAdapters: true } });
    await expectCaught(cases, caughtBy);
  });

  it('forgets its data when it is opened again', async () => {
    const createMedium = () => ({ open: () => memoryStorage() });
    const cases = casesOf({ createMedium, supports: { concurrentAdapters: true } });
    await expectCaught(cases, 'goes on with data and fence');
  });

  it('lets two adapters in where it says that it admits one', async () => {
    const createMedium = () => {
      const medium = createMemoryMedium();
      return { open: () => memoryStorage({ medium }) };
    };
    const cases = casesOf({ createMedium, supports: { concurrentAdapters: false } });
    await expectCaught(cases, 'keeps a second adapter out');
  });

  it.each(['halves', 'later'])('loses or halves commits when its process dies (%s)', async (breakage) => {
    const { url, remove } = await buildChildModule('broken-level-child');
    url.searchParams.set('breakage', breakage);
    const cases = casesOf({
      createMedium: async () => {
        const { path, remove } = await temporaryPath('level');
        return { open: () => levelStorage(path), location: path, dispose: remove };
      },
      supports: {
        concurrentAdapters: false,
        killChild: { module: url },
      },
    });
    await expectCaught(cases, 'keeps every acknowledged commit whole');
    await remove();
  });

  it('passes a storage that is right, wrapped in the same way', async () => {
    const cases = casesOf({
      createMedium: wrappedMedium(() => ({})),
      supports: { concurrentAdapters: true },
    });
    for (const { body } of cases) await body();
    expect(cases.length).toBeGreaterThan(20);
  });
});

/** A memory medium whose adapters are wrong in one way. */
function wrappedMedium(breakage: Breakage) {
  return () => {
    const medium = createMemoryMedium();
    const shared = { fence: 0 };
    const open = (): StorageAdapter => {
      const good = memoryStorage({ medium });
      const { durability } = good;
      return {
        durability,
        acquire: () => good.acquire(),
        get: (keys) => good.get(keys),
        list: (prefix) => good.list(prefix),
        commit: (changes, options) => good.commit(changes, options),
        destroy: (options) => good.destroy(options),
        close: () => good.close(),
        ...breakage(good, shared),
      };
    };
    return { open };
  };
}
