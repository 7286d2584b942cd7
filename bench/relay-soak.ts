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

/** A minute of it. */
interface Minute extends SoakCounts {
  readonly minute: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
  readonly tables: readonly { readonly table: string; readonly dead: number; readonly mib: number }[];
}

async function minuteOf(minute: number): Promise<Minute> {
  const counts = await stage.call<SoakCounts>('count');
  const { residentBytes, heapBytes } = await stage.usage();
  const tables = (await database.query(tablesSql)) as unknown as Minute['tables'];
  return { minute, ...counts, rssMiB: mib(residentBytes), heapMiB: mib(heapBytes), tables };
}

/** From the second minute, in which everything has its size, to the last. Attempts are kept for a month. */
function growth(from: Minute, to: Minute) {
  const sizeOf = ({ tables }: Minute, name: string) => tables.find(({ table }) => table === name)?.mib ?? 0;
  const tables = from.tables.filter(({ table }) => table !== 'attempts');
  return {
    heap: to.heapMiB / from.heapMiB,
    rss: to.rssMiB / from.rssMiB,
    tables: Object.fromEntries(
      tables.map(({ table }) => [table, sizeOf(to, table) / sizeOf(from, table)] as const),
    ),
  };
}

try {
  await stage.call('begin', { rate });
  const seen: Minute[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    await sleep(minuteMs / 2);
    const storm = stormShare > 0 ? stage.call('storm', { share: stormShare }) : undefined;
    await Promise.all([sleep(minuteMs / 2), storm]);
    seen.push(await minuteOf(minute));
    console.log(JSON.stringify(seen.at(-1)));
  }
  const { sent, received, overall } = await stage.call<SoakCounts>('end');
  const [settled = seen[0], last = seen[0]] = [seen[1], seen.at(-1)];
  const grown = settled && last ? growth(settled, last) : undefined;
  console.log(JSON.stringify({ sent, received, lost: sent - received, ...overall, grown }));
  if (sent !== received) process.exitCode = 1;
} finally {
  await database.close();
  await stage.close();
}
