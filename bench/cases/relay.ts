/**
 * What does it cost to keep every message until it is received? Our relay, one node on a PostgreSQL that
 * waits for the disk, with authentication, validation, limits, idempotency and acknowledgement after commit,
 * beside a bare Socket.IO relay that passes the same bytes on and keeps nothing. Servers, database and load
 * are processes of their own on one machine, so only ratios say something.
 *
 * The last cases compare ours with ours: two nodes with one, a mailbox and a database that hold a million things
 * with ones that hold a hundred.
 *
 * `SOTTO_BENCH_RATE` (default 5000) is the messages a second of the latency cases, `SOTTO_BENCH_CONNECTIONS`
 * (default 10000) the connections of the memory case: what the goals are about.
 */
import type { BenchCase, Side } from '../harness.js';
import { openGrownMailbox, type Grown, type GrownMailbox } from './relay/grown-mailbox.js';
import { openNodesStage, openStage, type Stage, type StageSide } from './relay/stage.js';

const peerName = 'bare-socket-io';
/** Users of a busy relay: enough that several messages for one of them seldom share a commit. */
const users = 64;
const rate = Number(process.env['SOTTO_BENCH_RATE'] ?? 5000);
const idleConnections = Number(process.env['SOTTO_BENCH_CONNECTIONS'] ?? 10_000);
/** Enough that most of them find the code of both sides compiled: ours has more of it. */
const busyRounds = 25;
/** Long enough for a 99th percentile of thousands. */
const rateDurationMs = 4000;

async function openBusyStage(): Promise<Stage> {
  const stage = await openStage();
  await stage.ours.connect(users);
  await stage.bare.connect(users);
  return stage;
}

/** The same measurement of both sides of one stage. */
function busyCase(
  one: Pick<BenchCase, 'name' | 'unit' | 'cost' | 'countPerSlice' | 'rounds'>,
  side: (side: StageSide, name: string) => Side,
): BenchCase {
  return {
    ...one,
    peerName,
    prepare: async () => {
      const stage = await openBusyStage();
      return { ours: side(stage.ours, 'ours'), peer: side(stage.bare, peerName), close: () => stage.close() };
    },
  };
}

const throughput: (side: Pick<StageSide, 'burst'>) => Side = (side) => async (count) => () =>
  side.burst(count);

const serverCpu: (side: StageSide) => Side = (side) => async (count) => {
  const before = await side.usage();
  return async () => {
    await side.burst(count);
    return (((await side.usage()).cpuMs - before.cpuMs) * 1000) / count;
  };
};

/** @param percentile - which of a run at the fixed rate */
function latency(percentile: 'p50Ms' | 'p99Ms'): (side: StageSide, name: string) => Side {
  return (side, name) => async () => async () => {
    const latencies = await side.atRate(rate, rateDurationMs);
    if (latencies.heldRate < 0.95 * rate) {
      console.error(`${name} held ${Math.round(latencies.heldRate)} of ${rate} messages/s`);
    }
    return latencies[percentile];
  };
}

/** Every time in fresh processes: what a process once had it seldom gives back. */
function idleMemory(which: 'ours' | 'bare'): Side {
  return async (count) => async () => {
    const stage = await openStage();
    const side = stage[which];
    try {
      await side.connect(1);
      await side.disconnect();
      await side.collect();
      const before = (await side.usage()).residentBytes;
      await side.connect(count);
      await side.collect();
      return ((await side.usage()).residentBytes - before) / 1024 / count;
    } finally {
      await stage.close();
    }
  };
}

/**
 * Messages before the first slice of a growth case: as many as a million devices have pages, each of which its first
 * change after a checkpoint writes to the log as a whole. At this rate a server has many more from one to the next.
 */
const usedBefore = 20_000;
const slice = 1000;

/** Both sides are ours: `ours` with much of something, `peer` with little. A ratio of 1 means that it costs nothing. */
function growthCase(
  name: string,
  [large, small]: readonly [Grown, Grown],
  work: (mailbox: GrownMailbox, count: number) => Promise<void>,
): BenchCase {
  return {
    ...{ name, unit: 'messages', peerName: 'ours-with-little', countPerSlice: slice, rounds: 25 },
    prepare: async () => {
      const [grown, young] = [await openGrownMailbox(large), await openGrownMailbox(small)];
      for (const mailbox of [grown, young]) {
        for (let count = 0; count < usedBefore; count += slice) await work(mailbox, slice);
      }
      const side =
        (mailbox: GrownMailbox): Side =>
        async (count) =>
        () =>
          work(mailbox, count);
      const close = async () => {
        await grown.close();
        await young.close();
      };
      return { ours: side(grown), peer: side(young), close };
    },
  };
}

const little = 100;
const much = 1_000_000;

/**
 * Every message goes from one node to the other. Where both nodes, PostgreSQL, Redis and the load have two cores
 * together, the processor time of the nodes says more of the fan-out than what they carry.
 */
function nodesCase(
  one: Pick<BenchCase, 'name' | 'unit' | 'cost'>,
  side: (side: StageSide) => Side,
): BenchCase {
  return {
    ...{ ...one, peerName: 'ours-one-node', countPerSlice: 4000, rounds: 9 },
    prepare: async () => {
      const stage = await openNodesStage(2);
      await stage.many.connect(users);
      await stage.one.connect(users);
      return { ours: side(stage.many), peer: side(stage.one), close: () => stage.close() };
    },
  };
}

/** See the header. */
export const cases: readonly BenchCase[] = [
  busyCase(
    { name: 'durable-throughput', unit: 'messages', countPerSlice: 4000, rounds: busyRounds },
    throughput,
  ),
  busyCase(
    { name: 'server-cpu', unit: 'messages', cost: 'µs CPU/message', countPerSlice: 4000, rounds: busyRounds },
    serverCpu,
  ),
  busyCase(
    { name: `ack-p50-at-${rate}`, unit: 'messages', cost: 'ms', countPerSlice: 1, rounds: 3 },
    latency('p50Ms'),
  ),
  busyCase(
    { name: `ack-p99-at-${rate}`, unit: 'messages', cost: 'ms', countPerSlice: 1, rounds: 3 },
    latency('p99Ms'),
  ),
  {
    name: `idle-memory-${idleConnections}`,
    unit: 'connections',
    cost: 'KiB/connection',
    peerName,
    countPerSlice: idleConnections,
    rounds: 1,
    prepare: async () => ({ ours: idleMemory('ours'), peer: idleMemory('bare') }),
  },
  nodesCase({ name: 'two-nodes', unit: 'messages' }, throughput),
  nodesCase({ name: 'two-nodes-cpu', unit: 'messages', cost: 'µs CPU/message' }, serverCpu),
  growthCase(
    'mailbox-depth',
    [
      { accounts: little, depth: much },
      { accounts: little, depth: little },
    ],
    (mailbox, count) => mailbox.useFirst(count),
  ),
  growthCase(
    'accounts',
    [
      { accounts: much, depth: 0 },
      { accounts: little, depth: 0 },
    ],
    (mailbox, count) => mailbox.useAll(count),
  ),
];
