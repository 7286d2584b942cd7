/** The protocol suite against an embedded relay. */
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { runProtocolSuite } from '../../protocol-suite/suite.js';
import type { Database } from '../../src/ports.js';
import { createRelay, type Relay } from '../../src/relay.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';

let database: Database;
let relay: Relay;
beforeAll(async () => {
  database = await openPGliteDatabase();
  const logSink = new Writable({ write: (_chunk, _encoding, done) => done() });
  relay = await createRelay({ port: 0, limitFactor: 100_000 }, { database, logSink });
});
afterAll(async () => {
  await relay.close();
  await database.close();
});

runProtocolSuite({ describe, it, url: () => relay.url });
