/**
 * What does a message cost in a conversation that has a past, what does opening it cost, and what does one more
 * recipient? Two messengers on the portable engine and LevelDB through the in-memory relay, against themselves
 * with a short past, or with one recipient: a ratio near 1 is flat. `SOTTO_BENCH_HISTORY` says how long a long
 * past is; a million messages by default.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { levelStorage } from '@sotto/sdk/storage/level';
import type { BenchCase, Side } from '../harness.js';
import { lengthen, meteredStorage } from './messenger/history.js';
import {
  acquaint,
  connectPerson,
  engines,
  openPerson,
  realTimeNetwork,
  registerPerson,
  type MemoryPerson,
} from './messenger/memory-people.js';

const text = 'x'.repeat(128);
const shortPast = 1_000;
const longPast = Number(process.env['SOTTO_BENCH_HISTORY'] ?? 1_000_000);
const pastToOpen = 100_000;

interface Pair {
  readonly alice: MemoryPerson;
  readonly bob: MemoryPerson;
  /** Bytes that alice's and bob's storages were given to write. */
  written(): number;
  /** Alice's messenger is opened anew, shows its newest messages, and is closed. */
  reopenAlice(): Promise<void>;
  close(): Promise<void>;
}

/** Two who have known each other for so many messages. */
async function pairWithPast(length: number): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-bench-'));
  const network = realTimeNetwork();
  const open = async (name: string) => {
    const meter = meteredStorage(levelStorage(join(folder, name)));
    return { messenger: await openPerson(network, engines.portable(), meter.storage), meter };
  };
  const [newAlice, newBob] = [await open('alice'), await open('bob')];
  const people = [
    await registerPerson(newAlice.messenger, 'alice'),
    await registerPerson(newBob.messenger, 'bob'),
  ] as const;
  await acquaint(...people);
  for (const { messenger } of people) await messenger.close();
  await lengthen(levelStorage(join(folder, 'alice')), people[1].id, length);
  await lengthen(levelStorage(join(folder, 'bob')), people[0].id, length);
  const [oldAlice, oldBob] = [await open('alice'), await open('bob')];
  let alice = await connectPerson(oldAlice.messenger, people[0].id);
  const bob = await connectPerson(oldBob.messenger, people[1].id);
  return {
    get alice() {
      return alice;
    },
    bob,
    written: () => oldAlice.meter.written() + oldBob.meter.written(),
    reopenAlice: async () => {
      await alice.messenger.close();
      const { messenger } = await open('alice');
      await messenger.messages.list(bob.id);
      await messenger.messages.conversations();
      alice = await connectPerson(messenger, alice.id);
    },
    close: async () => {
      await alice.messenger.close();
      await bob.messenger.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function sendBurst({ alice, bob }: Pair, count: number): Promise<void> {
  const all = bob.received(count);
  for (let n = 0; n < count; n += 1) await alice.messenger.messages.send(bob.id, { text });
  await all;
}

const burst =
  (pair: Pair): Side =>
  async (count) =>
  () =>
    sendBurst(pair, count);

const writtenPerMessage =
  (pair: Pair): Side =>
  async (count) =>
  async () => {
    const before = pair.written();
    await sendBurst(pair, count);
    return (pair.written() - before) / count;
  };

const opening =
  (pair: Pair): Side =>
  async () =>
  () =>
    pair.reopenAlice();

function grown(
  one: Omit<BenchCase, 'peerName' | 'prepare'>,
  length: number,
  side: (pair: Pair) => Side,
): BenchCase {
  return {
    ...one,
    peerName: `itself-after-${shortPast}`,
    prepare: async () => {
      const [long, short] = [await pairWithPast(length), await pairWithPast(shortPast)];
      const close = async () => {
        await long.close();
        await short.close();
      };
      return { ours: side(long), peer: side(short), close };
    },
  };
}

/** One who writes to so many others, each message once to each of them; counted in messages. */
async function fanOut(recipients: number): Promise<{ side: Side; close: () => Promise<void> }> {
  const network = realTimeNetwork();
  const person = async (name: string) =>
    registerPerson(await openPerson(network, engines.portable(), memoryStorage()), name);
  const sender = await person('sender');
  const others: MemoryPerson[] = [];
  for (let n = 0; n < recipients; n += 1) {
    const other = await person(`other_${n}`);
    await acquaint(sender, other);
    others.push(other);
  }
  const side: Side = async (count) => async () => {
    const rounds = Math.ceil(count / recipients);
    const all = others.map((other) => other.received(rounds));
    for (let round = 0; round < rounds; round += 1) {
      for (const { id } of others) await sender.messenger.messages.send(id, { text });
    }
    await Promise.all(all);
  };
  const close = async () => {
    for (const { messenger } of [sender, ...others]) await messenger.close();
  };
  return { side, close };
}

function fannedOut(recipients: number): BenchCase {
  return {
    name: `to-${recipients}-recipients`,
    unit: 'messages',
    peerName: 'itself-to-1',
    countPerSlice: 50,
    rounds: 15,
    prepare: async () => {
      const [many, one] = [await fanOut(recipients), await fanOut(1)];
      const close = async () => {
        await many.close();
        await one.close();
      };
      return { ours: many.side, peer: one.side, close };
    },
  };
}

/** The cases of `npm run bench -- messenger-growth`. */
export const cases: readonly BenchCase[] = [
  grown({ name: `after-${longPast}`, unit: 'messages', countPerSlice: 50, rounds: 15 }, longPast, burst),
  grown(
    {
      name: `written-after-${longPast}`,
      unit: 'messages',
      cost: 'B per message',
      countPerSlice: 50,
      rounds: 5,
    },
    longPast,
    writtenPerMessage,
  ),
  grown(
    { name: `open-after-${pastToOpen}`, unit: 'openings', countPerSlice: 1, rounds: 15 },
    pastToOpen,
    opening,
  ),
  fannedOut(2),
  fannedOut(5),
];
