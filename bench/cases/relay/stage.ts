/** Everything a case of the relay bench runs on: PostgreSQL, both relays and the load, each a process of its own. */
import { randomBytes } from 'node:crypto';
import { startPostgres, type PostgresService } from '../../../server/test/services/postgres-service.js';
import { startRedis } from '../../../server/test/services/redis-service.js';
import { makeAccounts, type AccountPlace } from '../../../server/test/support/seeded-accounts.js';
import type { Latencies } from './load.js';
import type { RelayPlace } from './postgres-relay.js';
import { CalledProcess } from './process-calls.js';
import type { Usage } from './usage.js';

/** One of the two relays under load. */
export interface StageSide {
  /** Sends so many messages as fast as they are answered. @returns milliseconds */
  burst(count: number): Promise<number>;
  atRate(rate: number, durationMs: number): Promise<Latencies>;
  /** Connects so many more users, who stay idle. */
  connect(count: number): Promise<void>;
  disconnect(): Promise<void>;
  usage(): Promise<Usage>;
  collect(): Promise<void>;
  startProfile(): Promise<void>;
  /** Writes a CPU profile of the server. */
  stopProfile(file: string): Promise<void>;
}

/** See the header. */
export interface Stage {
  readonly ours: StageSide;
  readonly bare: StageSide;
  close(): Promise<void>;
}

/** Messages of one user under way in a burst; a relay refuses more than 64. */
const perUser = 32;

function sideOf(
  name: 'ours' | 'bare',
  server: CalledProcess,
  load: CalledProcess,
  connect: (count: number) => Promise<void>,
): StageSide {
  return {
    burst: (count) => load.call('burst', { side: name, count, perUser }),
    atRate: (rate, durationMs) => load.call('atRate', { side: name, rate, durationMs }),
    connect,
    disconnect: () => load.call('disconnect', { side: name }),
    usage: () => server.call('usage'),
    collect: () => server.call('collect'),
    startProfile: () => server.call('startProfile'),
    stopProfile: (file) => server.call('stopProfile', file),
  };
}

interface OurNodes {
  readonly servers: readonly CalledProcess[];
  readonly urls: readonly string[];
  readonly place: AccountPlace;
  close(): Promise<void>;
}

/** Nodes on a database of their own; several share a Redis. */
async function startNodes(postgres: PostgresService, count: number): Promise<OurNodes> {
  const databaseUrl = await postgres.createDatabase();
  const redis = count > 1 ? await startRedis() : undefined;
  const secret = randomBytes(32);
  const servers = Array.from({ length: count }, () => new CalledProcess('postgres-relay.ts', '--expose-gc'));
  const input: RelayPlace = { databaseUrl, redisUrl: redis?.url, secret: secret.toString('hex') };
  const started = await Promise.all(
    servers.map((server) => server.call<{ url: string; relayId: string }>('start', input)),
  );
  const { relayId } = started[0] as { relayId: string };
  return {
    servers,
    urls: started.map(({ url }) => url),
    place: { databaseUrl, secret, relayId },
    async close() {
      await Promise.all(servers.map((server) => server.call('stop')));
      await Promise.all(servers.map((server) => server.stop()));
      await redis?.stop();
    },
  };
}

function oursSide({ servers, urls, place }: OurNodes, load: CalledProcess): StageSide {
  return sideOf('ours', servers[0] as CalledProcess, load, async (count) =>
    load.call('connectOurs', { urls, accounts: await makeAccounts(place, count) }),
  );
}

/** Starts everything; nobody is connected yet. */
export async function openStage(): Promise<Stage> {
  const postgres = await startPostgres({ durable: true });
  const nodes = await startNodes(postgres, 1);
  const bareServer = new CalledProcess('bare-relay.ts', '--expose-gc');
  const load = new CalledProcess('load-relay.ts');
  const { url: bareUrl } = await bareServer.call<{ url: string }>('start');
  return {
    ours: oursSide(nodes, load),
    bare: sideOf('bare', bareServer, load, (count) => load.call('connectBare', { url: bareUrl, count })),
    close: async () => {
      await load.stop();
      await bareServer.call('stop');
      await Promise.all([nodes.close(), bareServer.stop()]);
      await postgres.stop();
    },
  };
}

/** A relay of several nodes beside one of a single node, each on a database of its own. */
export interface NodesStage {
  readonly many: StageSide;
  readonly one: StageSide;
  close(): Promise<void>;
}

/** Starts both; nobody is connected yet. */
export async function openNodesStage(count: number): Promise<NodesStage> {
  const postgres = await startPostgres({ durable: true });
  const [many, one] = await Promise.all([startNodes(postgres, count), startNodes(postgres, 1)]);
  const loads = [new CalledProcess('load-relay.ts'), new CalledProcess('load-relay.ts')] as const;
  return {
    many: oursSide(many, loads[0]),
    one: oursSide(one, loads[1]),
    close: async () => {
      await Promise.all(loads.map((load) => load.stop()));
      await Promise.all([many.close(), one.close()]);
      await postgres.stop();
    },
  };
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
export async function openSoakStage(users: number): Promise<SoakStage> {
  const postgres = await startPostgres({ durable: true });
  const nodes = await startNodes(postgres, 1);
  const { servers, urls, place } = nodes;
  const [server] = servers as [CalledProcess];
  const load = new CalledProcess('soak-relay.ts');
  await load.call('connect', { url: urls[0], accounts: await makeAccounts(place, users) });
  return {
    databaseUrl: place.databaseUrl,
    call: (name, input) => load.call(name, input),
    async usage() {
      await server.call('collect');
      return server.call('usage');
    },
    async close() {
      await load.stop();
      await nodes.close();
      await postgres.stop();
    },
  };
}
