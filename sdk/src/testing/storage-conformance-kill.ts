/**
 * Storage cases with real processes: a child commits and says so, is killed in the middle of it, and
 * what it left is checked. Node alone, and only when a suite declares it.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../bytes.js';
import type { StorageAdapter } from '../ports/storage.js';
import { assert, assertEqual, assertRejects, fail } from './assert.js';
import { LineChild } from './node-child.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom, type SeededRandom } from './seeded-random.js';
import { entriesOf, type CreateMedium, type StorageTestMedium } from './storage-conformance-kit.js';

/** How a child process opens the adapter. */
export interface KillChildOptions {
  /**
   * The URL of a module that exports `open(location)`: a `StorageAdapter` or a promise of one, on the
   * medium that the suite's `createMedium` made and named by `location`.
   */
  readonly module: string | URL;
  /** Arguments of Node before the program, such as those of a TypeScript loader. None by default. */
  readonly execArgv?: readonly string[];
  /** How often a storage loses its process; 20 by default. Up to four lose the same one: starting it is what takes time. */
  readonly rounds?: number;
}

interface KillCaseOptions {
  readonly killChild: KillChildOptions;
  readonly concurrentAdapters: boolean;
  readonly seed: number;
}

const defaultRounds = 20;
/** Storages that one child commits to: more would keep it from being in the middle of a commit of each. */
const maxLanes = 4;
/** Commits of one round go round these groups of keys. */
const groupCount = 5;
const keysPerGroup = 8;
/** Each value: the commit's number, random bytes, and a SHA-256 over both. */
const numberBytes = 4;
const hashBytes = 32;
const maxFillerBytes = 24 * 1024;
/** A child is killed after between one and this many acknowledged commits … */
const maxCommitsBeforeKill = 12;
/** … and at a random moment within this time: about two commits. */
const maxKillDelayMs = 6;

/** What the child runs. It gets the module and its orders over standard input: loading it can be done ahead. */
const childSource = `
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const order = async () => JSON.parse((await orders.next()).value);
const say = (line) => writeSync(1, line + '\\n');
const { module } = await order();
const { open } = await import(module);
say('loaded');
const lanes = await order();
const valueOf = (number) => {
  const head = Buffer.alloc(${numberBytes});
  head.writeUInt32BE(number);
  const body = Buffer.concat([head, randomBytes(randomInt(${maxFillerBytes}))]);
  return new Uint8Array(Buffer.concat([body, createHash('sha256').update(body).digest()]));
};
const changesOf = (number) => {
  const changes = [{ key: 'marker/' + (number - 1), value: undefined }];
  for (let index = 0; index < ${keysPerGroup}; index += 1) {
    changes.push({ key: 'group/' + (number % ${groupCount}) + '/' + index, value: valueOf(number) });
  }
  return [...changes, { key: 'marker/' + number, value: valueOf(number) }];
};
const work = async ({ location, first }, lane) => {
  const storage = await open(location);
  const fence = await storage.acquire();
  say('open ' + lane + ' ' + fence);
  for (let number = first; ; number += 1) {
    await storage.commit(changesOf(number), { fence });
    say('done ' + lane + ' ' + number);
    // A storage that never waits would leave no time to the others.
    await new Promise(setImmediate);
  }
};
await Promise.all(lanes.map(work)).catch((error) => {
  say('refused ' + error.code);
  // Shown where the child was to go on.
  console.error(error);
  process.exit();
});
`;

/** Declares them. */
export function killCases(
  runner: ConformanceRunner,
  createMedium: CreateMedium,
  options: KillCaseOptions,
): void {
  const { killChild, concurrentAdapters, seed } = options;
  const rounds = killChild.rounds ?? defaultRounds;
  const laneCount = Math.min(rounds, maxLanes);

  runner.it(
    `keeps every acknowledged commit whole when its process is killed (${rounds} rounds, seed ${seed})`,
    () =>
      withLocatedMedia(createMedium, laneCount, async (media) => {
        const kills = new Kills(media, killChild, seededRandom(`kill ${seed}`));
        await kills.run(Math.ceil(rounds / laneCount));
      }),
  );

  const name = concurrentAdapters
    ? 'lets the process that acquired last write, and no other'
    : 'keeps a second process out until the first is dead';
  runner.it(name, () =>
    withLocatedMedia(createMedium, 1, ([medium]) =>
      concurrentAdapters
        ? provesFence(medium as LocatedMedium, killChild)
        : provesLock(medium as LocatedMedium, killChild),
    ),
  );
}

interface LocatedMedium extends StorageTestMedium {
  readonly location: string;
}

async function withLocatedMedia(
  createMedium: CreateMedium,
  count: number,
  body: (media: readonly LocatedMedium[]) => Promise<void>,
): Promise<void> {
  const media: LocatedMedium[] = [];
  const disposals: (() => unknown)[] = [];
  try {
    while (media.length < count) {
      const medium = await createMedium();
      disposals.push(() => medium.dispose?.());
      const { location } = medium;
      if (location === undefined) fail('killChild needs media with a location');
      media.push({ open: () => medium.open(), location });
    }
    await body(media);
  } finally {
    for (const dispose of disposals) await dispose();
  }
}

/** Starts a child and lets it load the adapter's module. */
function startChild({ module, execArgv = [] }: KillChildOptions): LineChild {
  const child = new LineChild(childSource, execArgv);
  child.tell(JSON.stringify({ module: String(module) }));
  return child;
}

/** What a child has said of one of its storages, the oldest first: `open` the fence, `done` the commits. */
function saidOf(lines: readonly string[], what: 'open' | 'done', lane = 0): number[] {
  const start = `${what} ${lane} `;
  return lines.filter((line) => line.startsWith(start)).map((line) => Number(line.slice(start.length)));
}

/** Lets a child open one medium and commit from the first number on. @returns once it is the writer */
async function letCommit(child: LineChild, location: string): Promise<number> {
  child.tell(JSON.stringify([{ location, first: 1 }]));
  await child.until((lines) => saidOf(lines, 'open').length > 0);
  return saidOf(child.lines, 'open')[0] as number;
}

/** One storage, through all the processes it loses. */
class Lane {
  readonly #medium: LocatedMedium;
  /** The newest commit found on the medium. */
  #last = 0;
  #lastFence = 0;

  constructor(medium: LocatedMedium) {
    this.#medium = medium;
  }

  get order(): { readonly location: string; readonly first: number } {
    return { location: this.#medium.location, first: this.#last + 1 };
  }

  async check(fence: number | undefined, lastAcknowledged: number | undefined): Promise<void> {
    assert(fence !== undefined && fence > this.#lastFence, 'a greater fence in every process');
    this.#lastFence = fence;
    if (lastAcknowledged === undefined) fail('nothing was acknowledged');
    const storage = await this.#medium.open();
    try {
      const found = await findMarker(storage);
      // The one after it may have been written without the time to say so.
      assert(
        found === lastAcknowledged || found === lastAcknowledged + 1,
        `commit ${lastAcknowledged} was acknowledged, ${found} was found`,
      );
      await checkGroups(storage, found);
      this.#last = found;
    } finally {
      await storage.close();
    }
  }
}

class Kills {
  readonly #lanes: readonly Lane[];
  readonly #killChild: KillChildOptions;
  readonly #random: SeededRandom;

  constructor(media: readonly LocatedMedium[], killChild: KillChildOptions, random: SeededRandom) {
    this.#lanes = media.map((medium) => new Lane(medium));
    this.#killChild = killChild;
    this.#random = random;
  }

  async run(count: number): Promise<void> {
    let next: LineChild | undefined = startChild(this.#killChild);
    try {
      for (let left = count; next; left -= 1) {
        const child: LineChild = next;
        // The one after it loads meanwhile: starting a process is most of the time.
        next = left > 1 ? startChild(this.#killChild) : undefined;
        await this.#killOnce(child);
      }
    } finally {
      await next?.kill();
    }
  }

  async #killOnce(child: LineChild): Promise<void> {
    try {
      child.tell(JSON.stringify(this.#lanes.map(({ order }) => order)));
      const enough = 1 + this.#random.integer(maxCommitsBeforeKill);
      await child.until((lines) =>
        this.#lanes.every((_, lane) => saidOf(lines, 'done', lane).length >= enough),
      );
      await pause(this.#random.integer(maxKillDelayMs * 10) / 10);
    } finally {
      await child.kill();
    }
    for (const [index, lane] of this.#lanes.entries()) {
      const acknowledged = saidOf(child.lines, 'done', index).at(-1);
      await lane.check(saidOf(child.lines, 'open', index)[0], acknowledged);
    }
  }
}

async function findMarker(storage: StorageAdapter): Promise<number> {
  const markers = await entriesOf(storage, 'marker/');
  assertEqual(markers.length, 1, 'markers: each commit removes the one before and puts its own');
  const [marker] = markers;
  const number = marker ? readNumber(marker.value) : 0;
  assertEqual(marker?.key, `marker/${number}`, 'the marker’s name and value');
  return number;
}

/** Each group is whole, and of the newest commit that wrote it. */
async function checkGroups(storage: StorageAdapter, last: number): Promise<void> {
  const entries = await entriesOf(storage, 'group/');
  const groups = Math.min(last, groupCount);
  assertEqual(entries.length, groups * keysPerGroup, 'keys in all groups');
  for (const { key, value } of entries) {
    const group = Number(key.split('/')[1]);
    const newest = last - ((((last - group) % groupCount) + groupCount) % groupCount);
    assertEqual(readNumber(value), newest, `the commit that ${key} is from`);
  }
}

/** @throws Error when the checksum does not fit */
function readNumber(value: Uint8Array): number {
  const body = value.subarray(0, value.length - hashBytes);
  assert(equalBytes(sha256(body), value.subarray(value.length - hashBytes)), 'a value with its checksum');
  return new DataView(body.buffer, body.byteOffset).getUint32(0);
}

async function provesFence(medium: LocatedMedium, killChild: KillChildOptions): Promise<void> {
  const child = startChild(killChild);
  const storage = await medium.open();
  try {
    const childFence = await letCommit(child, medium.location);
    await child.until((lines) => saidOf(lines, 'done').length > 0);
    const fence = await storage.acquire();
    assert(fence > childFence, 'a greater fence than the other process has');
    const before = await findMarker(storage);
    await child.until((lines) => lines.some((line) => line.startsWith('refused ')));
    assertEqual(child.lines.at(-1), 'refused fenced', 'how the older process ended');
    assertEqual(await findMarker(storage), before, 'the newest commit after the fence');
    await storage.commit([], { fence });
  } finally {
    await child.kill();
    await storage.close();
  }
}

async function provesLock(medium: LocatedMedium, killChild: KillChildOptions): Promise<void> {
  const child = startChild(killChild);
  const storage = await medium.open();
  try {
    const childFence = await letCommit(child, medium.location);
    await assertRejects(() => storage.acquire(), 'storage-locked', 'a second process');
    await child.until((lines) => saidOf(lines, 'done').length > 0);
    await child.kill();
    assert((await storage.acquire()) > childFence, 'the next process has a greater fence');
  } finally {
    await child.kill();
    await storage.close();
  }
}

/** Real time on purpose: it only chooses the moment of a kill, nothing waits for it. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
