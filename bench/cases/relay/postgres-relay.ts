/** Ours: a node on PostgreSQL with everything on. Ceilings are raised, the limiter is still asked. */
import { createRelay, type Relay } from '@sotto/relay';
import { serveCalls } from './process-calls.js';
import { startProfile, stopProfile } from './profile.js';
import { collect, usage } from './usage.js';

/** What the nodes of one relay share. */
export interface RelayPlace {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  /** In hexadecimal. */
  readonly secret: string;
}

let relay: Relay | undefined;

serveCalls({
  start: async ({ databaseUrl, redisUrl, secret }: RelayPlace) => {
    relay = await createRelay({
      port: 0,
      databaseUrl,
      redisUrl,
      secret: new Uint8Array(Buffer.from(secret, 'hex')),
      // What is logged of a busy relay is its refusals; the line that says it listens would mix with results.
      logLevel: 'warn',
      limitFactor: 1_000_000,
    });
    return { url: relay.url, relayId: relay.relayId };
  },
  usage,
  collect,
  startProfile,
  stopProfile,
  stop: () => relay?.close(),
});
