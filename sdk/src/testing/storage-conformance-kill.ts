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
  /** How often a child is killed; 20 by default. */
  readonly rounds?: number;
}

interface KillCaseOptions {
  readonly killChild: KillChildOptions;
  readonly concurrentAdapters: boolean;
  readonly seed: number;
}

const defaultRounds = 20;
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
const { location, first } = await order();
const storage = await open(location);
const fence = await storage.acquire();
say('open ' + fence);
const valueOf = (number) => {
  const head = Buffer.alloc(${numberBytes});
  head.writeUInt32BE(number);
  const body = Buffer.concat([head, randomBytes(randomInt(${maxFillerBytes}))]);
  return new Uint8Array(Buffer.concat([body, createHash('sha256').update(body).digest()]));
};
for (let number = first; ; number += 1) {
  const changes = [{ key: 'marker/' + (number - 1), value: undefined }];
  for (let index = 0; index < ${keysPerGroup}; index += 1) {
    changes.push({ key: 'group/' + (number % ${groupCount}) + '/' + index, value: valueOf(number) });
  }
  changes.push({ key: 'marker/' + number, value: valueOf(number) });
  try {
    await storage.commit(changes, { fence });
  } catch (error) {
    say('refused ' + error.code);
    process.exit();
  }
  say('done ' + number);
}
`;

/** Declares them. */
export function killCases(
  runner: ConformanceRunner,
  createMedium: CreateMedium,
  options: KillCaseOptions,
): void {
  const { killChild, concurrentAdapters, seed } = options;
  const rounds = killChild.rounds ?? defaultRounds;

  runner.it(
    `keeps every acknowledged commit whole when its process is killed (${rounds} rounds, seed ${seed})`,
    () =>
      withLocatedMedium(createMedium, async (medium) => {
        await new KillRounds(medium, killChild, seededRandom(`kill ${seed}`)).run(rounds);
      }),
  );

  const name = concurrentAdapters
    ? 'lets the process that acquired last write, and no other'
    : 'keeps a second process out until the first is dead';
  runner.it(name, () =>
    withLocatedMedium(createMedium, (medium) =>
      concurrentAdapters ? provesFence(medium, killChild) : provesLock(medium, killChild),
    ),
  );
}

interface LocatedMedium extends StorageTestMedium {
  readonly location: string;
}

async function withLocatedMedium(
  createMedium: CreateMedium,
  body: (medium: LocatedMedium) => Promise<void>,
): Promise<void> {
  const medium = await createMedium();
  const { location } = medium;
  if (location === undefined) fail('killChild needs media with a location');
  try {
    await body({ open: () => medium.open(), location });
  } finally {
    await medium.dispose?.();
  }
}

/** Starts a child and lets it load the adapter's module. */
function startChild({ module, execArgv = [] }: KillChildOptions): LineChild {
  const child = new LineChild(childSource, execArgv);
  child.tell(JSON.stringify({ module: String(module) }));
  return child;
}

/** Lets a child open the medium and commit from a number on. @returns once it is the writer */
async function letCommit(child: LineChild, location: string, first: number): Promise<number> {
  child.tell(JSON.stringify({ location, first }));
  await child.until((lines) => lines.some((line) => line.startsWith('open ')));
  return Number(child.lines.find((line) => line.startsWith('open '))?.slice('open '.length));
}

function acknowledged(lines: readonly string[]): number[] {
  return lines.filter((line) => line.startsWith('done ')).map((line) => Number(line.slice('done '.length)));
}

class KillRounds {
  readonly #medium: LocatedMedium;
  readonly #killChild: KillChildOptions;
  readonly #random: SeededRandom;
  /** The newest commit found on the medium. */
  #last = 0;
  #lastFence = 0;

  constructor(medium: LocatedMedium, killChild: KillChildOptions, random: SeededRandom) {
    this.#medium = medium;
    this.#killChild = killChild;
    this.#random = random;
  }

  async run(rounds: number): Promise<void> {
    let next = startChild(this.#killChild);
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const child = next;
        // The one after it loads meanwhile: starting a process is most of a round's time.
        next = startChild(this.#killChild);
        await this.#round(child);
      }
    } finally {
      await next.kill();
    }
  }

  async #round(child: LineChild): Promise<void> {
    try {
      const fence = await letCommit(child, this.#medium.location, this.#last + 1);
      assert(fence > this.#lastFence, 'a greater fence in every process');
      this.#lastFence = fence;
      const enough = 1 + this.#random.integer(maxCommitsBeforeKill);
      await child.until((lines) => acknowledged(lines).length >= enough);
      await pause(this.#random.integer(maxKillDelayMs * 10) / 10);
    } finally {
      await child.kill();
    }
    await this.#check(acknowledged(child.lines).at(-1) ?? fail('nothing was acknowledged'));
  }

  async #check(lastAcknowledged: number): Promise<void> {
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
    const childFence = await letCommit(child, medium.location, 1);
    await child.until((lines) => acknowledged(lines).length > 0);
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
    const childFence = await letCommit(child, medium.location, 1);
    await assertRejects(() => storage.acquire(), 'storage-locked', 'a second process');
    await child.until((lines) => acknowledged(lines).length > 0);
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
