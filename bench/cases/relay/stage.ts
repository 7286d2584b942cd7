/** Everything a case of the relay bench runs on: PostgreSQL, both relays and the load, each a process of its own. */
import { randomBytes } from 'node:crypto';
import { startPostgres, type PostgresService } from '../../../server/test/services/postgres-service.js';
import { startRedis } from '../../../server/test/services/redis-service.js';
import { makeAccounts, type AccountPlace } from '../../../server/test/support/seeded-accounts.js';
import type { Latencies } from './load.js';
import type { RelayPlace } from './postgres-relay.js';
import { CalledProcess } from './process-calls.js';
import { sumOf, type Usage } from './usage.js';

/** One of the two relays under load. */
export interface StageSide {
  /** Sends so many messages as fast as they are answered. @returns milliseconds */
  burst(count: number): Promise<number>;
  atRate(rate: number, durationMs: number): Promise<Latencies>;
  /** Connects so many more users, who stay idle. */
  connect(count: number): Promise<void>;
  disconnect(): Promise<void>;
  /** Of all nodes together. */
  usage(): Promise<Usage>;
  collect(): Promise<void>;
  startProfile(): Promise<void>;
  /** Writes a CPU profile of the server; of several, the first. */
  stopProfile(file: string): Promise<void>;
}

/** See the header. */
export interface Stage {
  readonly ours: StageSide;
  readonly bare: StageSide;
  close(): Promise<void>;
}

/** Waits for its disk, and has as much of its log ready as a run writes. */
const busyPostgres = { durable: true, readySegments: 24 } as const;

/** Messages of one user under way in a burst; a relay refuses more than 64. */
const perUser = 32;

function sideOf(
  name: 'ours' | 'bare',
  servers: readonly CalledProcess[],
  load: CalledProcess,
  connect: (count: number) => Promise<void>,
): StageSide {
  const [first] = servers as readonly [CalledProcess];
  return {
    burst: (count) => load.call('burst', { side: name, count, perUser }),
    atRate: (rate, durationMs) => load.call('atRate', { side: name, rate, durationMs }),
    connect,
    disconnect: () => load.call('disconnect', { side: name }),
    usage: async () => sumOf(await Promise.all(servers.map((server) => server.call<Usage>('usage')))),
    collect: async () => void (await Promise.all(servers.map((server) => server.call('collect')))),
    startProfile: () => first.call('startProfile'),
    stopProfile: (file) => first.call('stopProfile', file),
  };
}

/** What a stage has started. Ends all of it, the last first, whatever fails; then throws the first failure. */
class Started {
  readonly #ends: (() => Promise<unknown>)[] = [];
  #closing: Promise<void> | undefined;

  add(end: () => Promise<unknown>): void {
    this.#ends.unshift(end);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.#ends) await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

/** Starts a stage; what fails half-way leaves nothing behind. */
async function opening<Opened>(open: (started: Started) => Promise<Opened>): Promise<Opened> {
  const started = new Started();
  try {
    return await open(started);
  } catch (error) {
    await started.close().catch(() => undefined);
    throw error;
  }
}

async function startDatabase(started: Started): Promise<PostgresService> {
  const postgres = await startPostgres(busyPostgres);
  started.add(() => postgres.stop());
  return postgres;
}

function startChild(started: Started, file: string, ...nodeOptions: readonly string[]): CalledProcess {
  const child = new CalledProcess(file, ...nodeOptions);
  started.add(() => child.stop());
  return child;
}

interface OurNodes {
  readonly servers: readonly CalledProcess[];
  readonly urls: readonly string[];
  readonly place: AccountPlace;
}

async function startMeetingPlace(started: Started): Promise<string> {
  const redis = await startRedis();
  started.add(() => redis.stop());
  return redis.url;
}

/** Nodes on a database of their own. @param redisUrl - where they meet, when there may be several */
async function startNodes(
  started: Started,
  postgres: PostgresService,
  count: number,
  redisUrl?: string,
): Promise<OurNodes> {
  const databaseUrl = await postgres.createDatabase();
  const secret = randomBytes(32);
  const servers = Array.from({ length: count }, () =>
    startChild(started, 'postgres-relay.ts', '--expose-gc'),
  );
  const input: RelayPlace = { databaseUrl, redisUrl, secret: secret.toString('hex') };
  const nodes = await Promise.all(
    servers.map((server) => server.call<{ url: string; relayId: string }>('start', input)),
  );
  started.add(() => Promise.all(servers.map((server) => server.call('stop'))));
  const { relayId } = nodes[0] as { relayId: string };
  return { servers, urls: nodes.map(({ url }) => url), place: { databaseUrl, secret, relayId } };
}

function oursSide({ servers, urls, place }: OurNodes, load: CalledProcess): StageSide {
  return sideOf('ours', servers, load, async (count) =>
    load.call('connectOurs', { urls, accounts: await makeAccounts(place, count) }),
  );
}

/** Starts everything; nobody is connected yet. */
export function openStage(): Promise<Stage> {
  return opening(async (started) => {
    const postgres = await startDatabase(started);
    const nodes = await startNodes(started, postgres, 1);
    const bareServer = startChild(started, 'bare-relay.ts', '--expose-gc');
    const { url: bareUrl } = await bareServer.call<{ url: string }>('start');
    started.add(() => bareServer.call('stop'));
    const load = startChild(started, 'load-relay.ts');
    return {
      ours: oursSide(nodes, load),
      bare: sideOf('bare', [bareServer], load, (count) => load.call('connectBare', { url: bareUrl, count })),
      close: () => started.close(),
    };
  });
}

/**
 * A relay of several nodes beside one of a single node, each on a database and a Redis of its own: also the single
 * one counts its limits there, so that what differs is the way from node to node.
 */
export interface NodesStage {
  readonly many: StageSide;
  readonly one: StageSide;
  close(): Promise<void>;
}

/** Starts both; nobody is connected yet. */
export function openNodesStage(count: number): Promise<NodesStage> {
  return opening(async (started) => {
    const postgres = await startDatabase(started);
    const many = await startNodes(started, postgres, count, await startMeetingPlace(started));
    const one = await startNodes(started, postgres, 1, await startMeetingPlace(started));
    const side = (nodes: OurNodes) => oursSide(nodes, startChild(started, 'load-relay.ts'));
    return { many: side(many), one: side(one), close: () => started.close() };
  });
}

/** One node under a load that breaks off and comes back. */
export interface SoakStage {
  readonly databaseUrl: string;
  /** Asks the load. */
  call<Output>(name: string, input?: unknown): Promise<Output>;
  /** Of the node, after its garbage was collected. */
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

/** Starts it, with so many users connected. */
export function openSoakStage(users: number): Promise<SoakStage> {
  return opening(async (started) => {
    const postgres = await startDatabase(started);
    const { servers, urls, place } = await startNodes(started, postgres, 1);
    const [server] = servers as [CalledProcess];
    const load = startChild(started, 'soak-relay.ts');
    await load.call('connect', { url: urls[0], accounts: await makeAccounts(place, users) });
    return {
      databaseUrl: place.databaseUrl,
      call: (name, input) => load.call(name, input),
      async usage() {
        await server.call('collect');
        return server.call('usage');
      },
      close: () => started.close(),
    };
  });
}
