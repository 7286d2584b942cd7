/** A relay on a database in memory, with a clock that tests move and a log that they read. */
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { createRelay, type Relay } from '../../src/relay.js';
import type { RelayConfig } from '../../src/config.js';
import type { Database } from '../../src/ports.js';
import { RelayClient } from './relay-client.js';

/** See the file's header. */
export interface TestRelay {
  readonly relay: Relay;
  readonly client: RelayClient;
  readonly database: Database;
  readonly log: string[];
  /** Moves the relay's clock. */
  advance(byMs: number): void;
  close(): Promise<void>;
}

/** Starts a relay whose limits hardly ever refuse. */
export async function startTestRelay(
  config: Partial<RelayConfig> = {},
  openDatabase: () => Promise<Database> = () => openPGliteDatabase(),
): Promise<TestRelay> {
  const database = await openDatabase();
  const log: string[] = [];
  let aheadMs = 0;
  const relay = await createRelay(
    { port: 0, limitFactor: 10_000, ...config },
    { database, now: () => Date.now() + aheadMs, logSink: { write: (line) => void log.push(line) } },
  );
  return {
    relay,
    client: new RelayClient(relay.url),
    database,
    log,
    advance: (byMs) => (aheadMs += byMs),
    async close() {
      await relay.close();
      await database.close();
    },
  };
}
