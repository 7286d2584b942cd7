/**
 * Runs the protocol suite against a relay:
 * `node --conditions=@sotto/source --import tsx server/protocol-suite/run.ts http://127.0.0.1:8787 [seed]`.
 * The relay has to run with `SOTTO_LIMIT_FACTOR=10000`. Accounts that the suite makes stay behind.
 */
import { describe, it } from 'node:test';
import { runProtocolSuite } from './suite.js';

const [url, seed] = process.argv.slice(2);
if (url === undefined || !/^https?:\/\//.test(url) || (seed !== undefined && !/^\d+$/.test(seed))) {
  process.stderr.write('usage: run.ts <http://host:port> [seed]\n');
  process.exit(2);
}

runProtocolSuite({
  describe,
  it,
  url: () => url.replace(/\/$/, ''),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
});
