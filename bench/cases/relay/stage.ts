/** Everything a case of the relay bench runs on: PostgreSQL, both relays and the load, each a process of its own. */
import { randomBytes } from 'node:crypto';
import { startPostgres } from '../../../server/test/services/postgres-service.js';
import { makeAccounts } from '../../../server/test/support/seeded-accounts.js';
import type { Latencies } from './load.js';
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

/** Starts everything; nobody is connected yet. */
export async function openStage(): Promise<Stage> {
  const postgres = await startPostgres({ durable: true });
  const databaseUrl = await postgres.createDatabase();
  const secret = randomBytes(32);
  const oursServer = new CalledProcess('postgres-relay.ts', '--expose-gc');
  const bareServer = new CalledProcess('bare-relay.ts', '--expose-gc');
  const load = new CalledProcess('load-relay.ts');
  const started = await oursServer.call<{ url: string; relayId: string }>('start', {
    databaseUrl,
    secret: secret.toString('hex'),
  });
  const { url: bareUrl } = await bareServer.call<{ url: string }>('start');
  const place = { databaseUrl, secret, relayId: started.relayId };
  return {
    ours: sideOf('ours', oursServer, load, async (count) =>
      load.call('connectOurs', { url: started.url, accounts: await makeAccounts(place, count) }),
    ),
    bare: sideOf('bare', bareServer, load, (count) => load.call('connectBare', { url: bareUrl, count })),
    close: async () => {
      await load.stop();
      await Promise.all([oursServer.call('stop'), bareServer.call('stop')]);
      await Promise.all([oursServer.stop(), bareServer.stop()]);
      await postgres.stop();
    },
  };
}
