/**
 * The protocol suite against relays of every make: embedded, PostgreSQL, PostgreSQL and Redis, a mailbox in Redis, each as one
 * node and as three behind a proxy that gives every connection to the next one. What concerns nodes runs
 * always, everything on every make with SLOW=1.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { protocolSections, runProtocolSuite, type ProtocolSection } from '../../protocol-suite/suite.js';
import type { RelayConfig } from '../../src/config.js';
import { createRelay, type Relay, type RelayOverrides } from '../../src/relay.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { bytes } from '../support/people.js';
import { SharedHub } from '../support/shared-hub.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startPostgres, type PostgresService } from './postgres-service.js';
import { startRedis, type RedisService } from './redis-service.js';

let postgres: PostgresService;
let redis: RedisService;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});

/** How the nodes of one relay are opened, and what has to be closed after them. */
interface Make {
  readonly config: Partial<RelayConfig>;
  readonly overrides: () => RelayOverrides;
  readonly close: () => Promise<void>;
}

const nothing = async () => {};
const makes: Readonly<Record<string, () => Promise<Make>>> = {
  embedded: async () => {
    const database = await openPGliteDatabase();
    const hub = new SharedHub();
    const overrides = () => ({ database, nodes: hub.join() });
    return { config: {}, overrides, close: () => database.close() };
  },
  PostgreSQL: async () => {
    const databaseUrl = await postgres.createDatabase();
    return { config: { databaseUrl }, overrides: () => ({}), close: nothing };
  },
  'a mailbox in Redis': async () => {
    const databaseUrl = await postgres.createDatabase();
    const own = await startRedis();
    const config = { databaseUrl, mailboxRedisUrl: own.url };
    return { config, overrides: () => ({}), close: () => own.stop() };
  },
  'PostgreSQL and Redis': async () => {
    const databaseUrl = await postgres.createDatabase();
    return { config: { databaseUrl, redisUrl: redis.url }, overrides: () => ({}), close: nothing };
  },
};

const aboutNodes: readonly ProtocolSection[] = ['delivery', 'connections'];
const withRecovery: readonly ProtocolSection[] = [...aboutNodes, 'recovery', 'resets'];
const aboutState: readonly ProtocolSection[] = ['authentication', 'keys', ...aboutNodes, 'continuity'];

/** The embedded relay as one node is in the fast lane. */
const arrangements = [
  ['embedded', 3, aboutNodes],
  ['PostgreSQL', 1, withRecovery],
  ['PostgreSQL', 3, aboutNodes],
  ['PostgreSQL and Redis', 1, aboutNodes],
  ['PostgreSQL and Redis', 3, aboutState],
  ['a mailbox in Redis', 1, withRecovery],
  ['a mailbox in Redis', 3, aboutNodes],
] as const;

for (const [name, count, quick] of arrangements) {
  describe(`${name}, ${count === 1 ? 'one node' : 'three nodes'}`, () => {
    let make: Make;
    let nodes: Relay[];
    let proxy: TcpProxy;
    beforeAll(async () => {
      make = await makes[name]!();
      const shared = { port: 0, limitFactor: 100_000, logLevel: 'silent', secret: bytes(32) } as const;
      const start = () => createRelay({ ...shared, ...make.config }, make.overrides());
      nodes = await Promise.all(Array.from({ length: count }, start));
      proxy = await startTcpProxy(nodes.map(({ port }) => port));
    });
    afterAll(async () => {
      await proxy.close();
      await Promise.all(nodes.map((node) => node.close()));
      await make.close();
    });
    const only = process.env['SLOW'] ? protocolSections : quick;
    runProtocolSuite({ describe, it, url: () => `http://127.0.0.1:${proxy.port}`, only });
  });
}
