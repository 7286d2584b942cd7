/**
 * What do our storages cost over what they stand on? Level against classic-level by hand, encrypted against what it
 * wraps, IndexedDB in headless Chromium against IndexedDB by hand, and large stores against small ones.
 * `SOTTO_BENCH_RECORDS` sets the largest store (100,000; a million takes some minutes a case).
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Secret, type StorageAdapter } from '@sotto/sdk';
import { encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { levelStorage } from '@sotto/sdk/storage/level';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { ClassicLevel } from 'classic-level';
import type { BenchCase, Side } from '../harness.js';
import { openBenchPage } from './browser/bench-page.js';
import { commitPuts, commitSide, fill, messageBatches, pageSide, sampleValue } from './storage/work.js';

const records = 2_000;
const smallest = 1_000;
const largest = Number(process.env['SOTTO_BENCH_RECORDS'] ?? 100_000);

type Script = 'commit' | 'page';

/** A commit waits for the disk, whose speed is anybody's, and so does a page of a large store: many make a median. */
const rounds = 81;

/** A side, and how to let go of it. */
interface Prepared {
  readonly side: Side;
  readonly close: () => Promise<void>;
}

const encrypted = (inner: StorageAdapter) => encryptedStorage(inner, new Secret(new Uint8Array(32).fill(1)));

async function inFolder(work: (path: string) => Promise<Prepared>): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-bench-'));
  const { side, close } = await work(join(folder, 'data'));
  return {
    side,
    close: async () => {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function filled(storage: StorageAdapter, count: number): Promise<StorageAdapter> {
  await fill(storage, await storage.acquire(), count);
  return storage;
}

async function onAdapter(storage: StorageAdapter, script: Script, count: number): Promise<Prepared> {
  const fence = await storage.acquire();
  const side = script === 'commit' ? commitSide(storage, fence, count) : pageSide(storage, count);
  return { side, close: () => storage.close() };
}

const bare = (storage: StorageAdapter) => storage;

const onLevel = (script: Script, wrap = bare) =>
  inFolder(async (path) => onAdapter(await filled(wrap(levelStorage(path)), records), script, records));

/** How long a folder's files must have been the same: LevelDB makes several a second as long as it tidies. */
const quietMs = 2_000;
/** After two minutes it is measured as it is. */
const maxLooks = 60;

/** Waits until LevelDB has put in order what was written: a store that grew in years has done so long since. */
async function settled(path: string): Promise<void> {
  const level = new ClassicLevel(path);
  await level.open();
  const files = async () => (await readdir(path)).sort().join();
  for (let looks = 0, before = ''; looks < maxLooks && before !== (await files()); looks += 1) {
    before = await files();
    await setTimeout(quietMs);
  }
  await level.close();
}

/**
 * Filled by commits that wait for no disk, and opened anew, as at the start of a device: a small one that was just
 * written would still be in memory alone.
 */
const onGrownLevel = (script: Script, count: number, wrap = bare) =>
  inFolder(async (path) => {
    await (await filled(wrap(levelStorage(path, { durability: 'process' })), count)).close();
    await settled(path);
    return onAdapter(wrap(levelStorage(path)), script, count);
  });

/** The same batches with nothing around them: no fence, no checks, no copies. */
const onClassicLevel = (script: Script) =>
  inFolder(async (path) => {
    const level = new ClassicLevel<string, Uint8Array>(path, { valueEncoding: 'view' });
    await level.open();
    const value = sampleValue();
    const write = (puts: readonly { key: string; value: Uint8Array }[]) =>
      level.batch(
        puts.map((put) => ({ type: 'put', ...put })),
        { sync: true },
      );
    for (const batch of messageBatches(records)) await write(batch);
    let seq = records;
    const commits: Side = async (count) => async () => {
      for (let done = 0; done < count; done += 1) {
        await write(commitPuts(seq, value));
        seq += 1;
      }
    };
    const pages = pageSide({ get: (keys) => level.getMany([...keys]) }, records);
    return { side: script === 'commit' ? commits : pages, close: () => level.close() };
  });

function compare(
  name: string,
  peerName: string,
  script: Script,
  countPerSlice: number,
  sides: readonly [ours: () => Promise<Prepared>, peer: () => Promise<Prepared>],
): BenchCase {
  return {
    name: `${name}-${script}`,
    unit: `${script}s`,
    peerName,
    countPerSlice,
    rounds,
    prepare: async () => {
      const [ours, peer] = [await sides[0](), await sides[1]()];
      const close = async () => {
        await ours.close();
        await peer.close();
      };
      return { ours: ours.side, peer: peer.side, close };
    },
  };
}

function inPage(side: 'indexeddb' | 'encrypted', peer: 'raw' | 'indexeddb', script: Script): BenchCase {
  return {
    name: `${side === 'encrypted' ? 'encrypted-indexeddb' : side}-${script}`,
    unit: `${script}s`,
    peerName: peer === 'raw' ? 'IndexedDB by hand' : 'indexeddb',
    countPerSlice: 20,
    rounds,
    prepare: async () => {
      const page = await openBenchPage('../storage/page.ts');
      return {
        ours: await page.side(script, side),
        peer: await page.side(script, peer),
        close: page.close,
      };
    },
  };
}

/** A large database against a small one, in one page. */
function inLargePage(side: 'indexeddb' | 'encrypted', script: Script): BenchCase {
  const name = side === 'encrypted' ? 'encrypted-indexeddb' : side;
  return {
    name: `${name}-${largest}-records-${script}`,
    unit: `${script}s`,
    peerName: `the same, ${smallest} records`,
    countPerSlice: 20,
    rounds,
    prepare: async () => {
      const page = await openBenchPage('../storage/page.ts');
      return {
        ours: await page.side(script, `${side} ${largest}`),
        peer: await page.side(script, `${side} ${smallest}`),
        close: page.close,
      };
    },
  };
}

/** The cases of `npm run bench -- storage`. */
export const cases: readonly BenchCase[] = (['commit', 'page'] as const).flatMap((script) => [
  compare('level', 'classic-level', script, 40, [() => onLevel(script), () => onClassicLevel(script)]),
  compare('encrypted-level', 'level', script, 20, [() => onLevel(script, encrypted), () => onLevel(script)]),
  compare('encrypted-memory', 'memory', script, 20, [
    async () => onAdapter(await filled(encrypted(memoryStorage()), records), script, records),
    async () => onAdapter(await filled(memoryStorage(), records), script, records),
  ]),
  compare(`level-${largest}-records`, `level, ${smallest} records`, script, 40, [
    () => onGrownLevel(script, largest),
    () => onGrownLevel(script, smallest),
  ]),
  compare(`encrypted-level-${largest}-records`, `the same, ${smallest} records`, script, 20, [
    () => onGrownLevel(script, largest, encrypted),
    () => onGrownLevel(script, smallest, encrypted),
  ]),
  inPage('indexeddb', 'raw', script),
  inPage('encrypted', 'indexeddb', script),
  inLargePage('indexeddb', script),
  inLargePage('encrypted', script),
]);
