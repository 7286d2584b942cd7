/**
 * A relay of several nodes as an operator has it: PostgreSQL, Redis and each node a process of its own, each
 * node's way to both through a proxy, and one address in front. Knows no load and no fault.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startPostgres, type PostgresService } from '../services/postgres-service.js';
import { freePort } from '../services/free-port.js';
import { startRedis, type RedisService } from '../services/redis-service.js';
import { firstLine, kill, spawnSource } from '../support/child.js';
import { bytes } from '../support/people.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

/** Room for a hundred thousand messages that come and go, and little enough to be filled at once. */
const diskMiB = 640;

const main = new URL('../../src/main.ts', import.meta.url);

/** One node. */
export interface RelayNode {
  /** Its ways to PostgreSQL and Redis. */
  readonly ways: readonly TcpProxy[];
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  kill(): Promise<void>;
  /** Asks it to drain, and waits until it is gone. @returns its exit code */
  terminate(): Promise<number | null>;
  /** Starts it, at the port it always has. */
  start(): Promise<void>;
}

/** See the file's header. */
export interface RelayNodes {
  readonly postgres: PostgresService;
  readonly redis: RedisService;
  readonly databaseUrl: string;
  readonly secret: Uint8Array;
  readonly nodes: readonly RelayNode[];
  /** In front of all nodes; connections take turns. */
  readonly url: string;
  close(): Promise<void>;
}

async function makeNode(
  ways: readonly TcpProxy[],
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<RelayNode & { readonly port: number }> {
  const port = await freePort();
  const [database, redis] = ways as [TcpProxy, TcpProxy];
  const ownDatabaseUrl = new URL(databaseUrl);
  ownDatabaseUrl.port = String(database.port);
  let child: ChildProcess;
  return {
    port,
    ways,
    signal: (name) => void child.kill(name),
    kill: () => kill(child),
    async terminate() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = (await gone) as [number | null];
      return code;
    },
    async start() {
      child = spawnSource(main, [], {
        ...env,
        SOTTO_PORT: String(port),
        DATABASE_URL: ownDatabaseUrl.href,
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      });
      const line = JSON.parse(await firstLine(child)) as { event: string };
      if (!['listening', 'redis-linked', 'redis-away'].includes(line.event)) throw new Error(line.event);
      child.stdout!.resume();
      child.stderr!.resume();
    },
  };
}

/** Starts everything. */
export async function startRelayNodes(count: number): Promise<RelayNodes> {
  const [postgres, redis] = await Promise.all([startPostgres({ durable: true, diskMiB }), startRedis()]);
  const databaseUrl = await postgres.createDatabase();
  const secret = bytes(32);
  const env = { SOTTO_SECRET: Buffer.from(secret).toString('base64url'), SOTTO_LIMIT_FACTOR: '100000' };
  const open = async () => {
    const ways = await Promise.all([startTcpProxy([postgres.port]), startTcpProxy([redis.port])]);
    return makeNode(ways, databaseUrl, env);
  };
  const nodes = await Promise.all(Array.from({ length: count }, open));
  await Promise.all(nodes.map((node) => node.start()));
  const front = await startTcpProxy(nodes.map(({ port }) => port));
  return {
    ...{ postgres, redis, databaseUrl, secret, nodes },
    url: `http://127.0.0.1:${front.port}`,
    async close() {
      await front.close();
      await Promise.all(nodes.map((node) => node.kill()));
      await Promise.all(nodes.flatMap(({ ways }) => ways.map((way) => way.close())));
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}
