/**
 * Does a relay stay as it is? One node on PostgreSQL under steady load, with storms in which many connections
 * break and come back at once. Prints a line a minute: memory of the node, sizes and dead rows of its tables, how
 * long deliveries took; at the end it says whether everything arrived. Knows no bench.
 *
 * `node --import tsx bench/relay-soak.ts`, after `npm run build`. `SOAK_MINUTES` (10), `SOAK_USERS` (1000),
 * `SOAK_RATE` (messages a second, 500), `SOAK_STORM_SHARE` (of connections, every minute, 0.5; 0 for none).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgresDatabase } from '../server/src/storage/postgres/index.js';
import type { SoakCounts } from './cases/relay/soak-relay.js';
import { openSoakStage } from './cases/relay/stage.js';

const setting = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const minutes = setting('SOAK_MINUTES', 10);
const users = setting('SOAK_USERS', 1000);
const rate = setting('SOAK_RATE', 500);
const stormShare = setting('SOAK_STORM_SHARE', 0.5);
const minuteMs = 60_000;

const tablesSql = `
  SELECT relname AS table, n_live_tup::int AS live, n_dead_tup::int AS dead,
         round(pg_total_relation_size(relid) / 1048576.0, 1)::float8 AS mib
    FROM pg_stat_user_tables WHERE relname IN ('envelopes', 'attempts', 'devices', 'device_progress')
   ORDER BY relname`;

const mib = (bytes: number) => Math.round(bytes / 1_048_576);

const opening = openSoakStage(users);
// Whoever has seen enough leaves no server behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void opening.then((one) => one.close()).finally(() => process.exit(1)));
const stage = await opening;
const database = openPostgresDatabase(stage.databaseUrl, { maxConnections: 1 });
try {
  await stage.call('begin', { rate });
  for (let minute = 1; minute <= minutes; minute += 1) {
    await sleep(minuteMs / 2);
    if (stormShare > 0) await stage.call('storm', { share: stormShare });
    await sleep(minuteMs / 2);
    const counts = await stage.call<SoakCounts>('count');
    const { residentBytes, heapBytes } = await stage.usage();
    const tables = await database.query(tablesSql);
    console.log(
      JSON.stringify({ minute, ...counts, rssMiB: mib(residentBytes), heapMiB: mib(heapBytes), tables }),
    );
  }
  const { sent, received } = await stage.call<SoakCounts>('end');
  console.log(JSON.stringify({ sent, received, lost: sent - received }));
  if (sent !== received) process.exitCode = 1;
} finally {
  await database.close();
  await stage.close();
}
