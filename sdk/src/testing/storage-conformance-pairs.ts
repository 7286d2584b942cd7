/** Storage cases: keys, values, prefixes, copies. */
import type { StorageAdapter } from '../ports/storage.js';
import { isSottoError } from '../errors.js';
import { assert, assertEqual, fail } from './assert.js';
import type { ConformanceRunner } from './runner.js';
import {
  changes,
  entriesOf,
  keysOf,
  storageCases,
  textsOf,
  type CreateMedium,
} from './storage-conformance-kit.js';

const maxValueBytes = 16 * 1024 * 1024;
const longestKey = 'k'.repeat(512);

/** Every character a key may have, alone and in segments. */
const goodKeys = [
  'a',
  'A',
  '0',
  '.',
  '..',
  '_',
  '~',
  '-',
  ':',
  'a/b',
  'a/b/c',
  './.',
  '-/~',
  'Za:9.z_~-/x',
  longestKey,
];

const badKeys: readonly string[] = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  'a b',
  'a\u0000',
  'ä',
  'a\\b',
  'a\n',
  '!',
  '%41',
  `${longestKey}k`,
];

const badPrefixes: readonly string[] = ['a', '/', '/a/', 'a//', 'a/b', 'ä/', ' /'];

/** Declares them. */
export function pairCases(runner: ConformanceRunner, createMedium: CreateMedium): void {
  const it = storageCases(runner, createMedium);
  keyCases(it);
  valueCases(it);
  prefixCases(it);
  listingCases(it);
}

type DeclareCase = ReturnType<typeof storageCases>;

function keyCases(it: DeclareCase): void {
  it('returns what was put, and undefined where there is nothing, in the order asked for', async (context) => {
    const { storage, fence } = context;
    await storage.commit(changes({ 'a/1': 'one', 'a/2': 'two' }), { fence });
    assertEqual(
      await textsOf(storage, ['a/2', 'none', 'a/1', 'a/2']),
      ['two', undefined, 'one', 'two'],
      'values in the order asked for',
    );
    assertEqual(await storage.get([]), [], 'nothing asked for');
  });

  it('takes every key the port allows, and keeps keys apart that differ in case alone', async (context) => {
    const { storage, fence } = context;
    await storage.commit(
      goodKeys.map((key) => ({ key, value: new TextEncoder().encode(key) })),
      { fence },
    );
    assertEqual(await textsOf(storage, goodKeys), goodKeys, 'one value per key');
    assertEqual(await keysOf(storage, ''), [...goodKeys].sort(), 'all keys');
  });

  it('refuses every other key, everywhere, and writes nothing of that commit', async (context) => {
    const { storage, fence } = context;
    for (const key of badKeys) {
      await assertRefused(() => storage.get([key]), `get ${JSON.stringify(key)}`);
      const bad = [...changes({ good: 'value' }), { key, value: new Uint8Array(1) }];
      await assertRefused(() => storage.commit(bad, { fence }), `put ${JSON.stringify(key)}`);
      const removal = [...changes({ good: 'value' }), { key, value: undefined }];
      await assertRefused(() => storage.commit(removal, { fence }), `delete ${JSON.stringify(key)}`);
    }
    assertEqual(await keysOf(storage, ''), [], 'keys after refused commits');
  });

  it('keeps many keys in one commit and gets them in one call', async ({ storage, fence }) => {
    const keys = Array.from({ length: 2_000 }, (_, index) => `many/${index % 10}/${index}`);
    await storage.commit(
      keys.map((key) => ({ key, value: new TextEncoder().encode(key) })),
      { fence },
    );
    assertEqual(await textsOf(storage, keys), keys, 'all values');
    assertEqual((await keysOf(storage, 'many/3/')).length, 200, 'keys of one segment');
  });
}

function valueCases(it: DeclareCase): void {
  it('refuses what is not a string or not bytes', async (context) => {
    const { storage, fence } = context;
    await assertRefused(() => storage.get([7 as never]), 'get 7');
    await assertRefused(() => storage.commit([{ key: 7 as never, value: undefined }], { fence }), 'delete 7');
    for (const value of ['text', null, [1], 7]) {
      const change = { key: 'a', value: value as never };
      await assertRefused(() => storage.commit([change], { fence }), `put ${String(value)}`);
    }
    assertEqual(await keysOf(storage, ''), [], 'keys after refused commits');
  });

  it('keeps empty values apart from no value', async ({ storage, fence }) => {
    await storage.commit([{ key: 'empty', value: new Uint8Array(0) }], { fence });
    const [value, none] = await storage.get(['empty', 'none']);
    assert(value instanceof Uint8Array && value.length === 0, 'an empty value is an empty array');
    assertEqual(none, undefined, 'no value');
    assertEqual(await keysOf(storage, ''), ['empty'], 'an empty value is listed');
  });

  it('keeps every byte, and values of 16 MiB but not more', async ({ storage, fence }) => {
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const largest = new Uint8Array(maxValueBytes).fill(0xa5);
    await storage.commit([{ key: 'every', value: every }], { fence });
    await storage.commit([{ key: 'largest', value: largest }], { fence });
    const [gotEvery, gotLargest] = await storage.get(['every', 'largest']);
    assertEqual(gotEvery, every, 'all byte values');
    assertEqual(gotLargest, largest, 'the largest value');
    const tooLarge = { key: 'too-large', value: new Uint8Array(maxValueBytes + 1) };
    await assertRefused(() => storage.commit([tooLarge], { fence }), 'a value of 16 MiB and a byte');
  });

  it('copies what it is given and what it gives', async ({ storage, fence }) => {
    const backing = Uint8Array.of(9, 1, 2, 3, 9);
    const given = backing.subarray(1, 4);
    const committed = storage.commit([{ key: 'a', value: given }], { fence });
    backing.fill(7);
    await committed;
    const [got] = await storage.get(['a']);
    assertEqual(got, Uint8Array.of(1, 2, 3), 'the value at the time of the call');
    got?.fill(8);
    for (const { value } of await entriesOf(storage, '')) value.fill(8);
    assertEqual((await storage.get(['a']))[0], Uint8Array.of(1, 2, 3), 'after changes of what was got');
  });
}

function prefixCases(it: DeclareCase): void {
  it('lists whole segments: a/ is not ab/', async ({ storage, fence }) => {
    const keys = ['a', 'a-', 'a.b', 'a/1', 'a/2/3', 'a0', 'ab/1', 'b/a/1'];
    await storage.commit(
      keys.map((key) => ({ key, value: new TextEncoder().encode(key) })),
      { fence },
    );
    assertEqual(await keysOf(storage, 'a/'), ['a/1', 'a/2/3'], 'a/');
    assertEqual(await keysOf(storage, 'a/2/'), ['a/2/3'], 'a/2/');
    assertEqual(await keysOf(storage, 'a/1/'), [], 'a/1/');
    assertEqual(await keysOf(storage, ''), [...keys].sort(), 'everything');
    for (const { key, value } of await entriesOf(storage, '')) {
      assertEqual(new TextDecoder().decode(value), key, 'the value beside its key');
    }
  });

  it('refuses prefixes that are not whole segments', async ({ storage }) => {
    for (const prefix of badPrefixes) {
      await assertRefused(() => entriesOf(storage, prefix), `list ${JSON.stringify(prefix)}`);
    }
    await assertRefused(() => entriesOf(storage, 7 as never), 'list 7');
  });
}

function listingCases(it: DeclareCase): void {
  it('lists while others commit: what was there throughout shows once', async ({ storage, fence }) => {
    const keys = Array.from({ length: 300 }, (_, index) => `list/${index}`);
    await storage.commit(
      keys.map((key) => ({ key, value: new Uint8Array(100) })),
      { fence },
    );
    const seen: string[] = [];
    for await (const { key } of storage.list('list/')) {
      seen.push(key);
      if (seen.length % 50 === 0) await churn(storage, fence, seen.length);
    }
    const stayed = seen.filter((key) => !key.includes('extra')).sort();
    assertEqual(stayed, [...keys].sort(), 'keys that nobody touched');
  });

  it('lets go of a list that is left early', async ({ storage, fence }) => {
    await storage.commit(changes({ 'a/1': '1', 'a/2': '2', 'a/3': '3' }), { fence });
    let count = 0;
    for await (const _ of storage.list('a/')) {
      count += 1;
      break;
    }
    assertEqual(count, 1, 'pairs taken');
    await storage.commit(changes({ 'a/1': undefined }), { fence });
    assertEqual(await keysOf(storage, 'a/'), ['a/2', 'a/3'], 'after it');
  });
}

async function churn(storage: StorageAdapter, fence: StorageCaseFence, round: number): Promise<void> {
  await storage.commit(changes({ [`list/extra-${round}`]: 'new', 'elsewhere/1': 'x' }), { fence });
  await storage.commit(changes({ [`list/extra-${round}`]: undefined }), { fence });
}

type StorageCaseFence = Parameters<StorageAdapter['commit']>[1]['fence'];

/** Refused as the port says: `invalid-storage-key` or a `TypeError`, in the promise. */
async function assertRefused(action: () => Promise<unknown>, message: string): Promise<void> {
  let pending: Promise<unknown>;
  try {
    pending = action();
  } catch {
    fail(`${message}: threw instead of rejecting`);
  }
  try {
    await pending;
  } catch (error) {
    if (isSottoError(error, 'invalid-storage-key') || error instanceof TypeError) return;
    throw new Error(`${message}: refused in another way`, { cause: error });
  }
  fail(`${message}: accepted`);
}
