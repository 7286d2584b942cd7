/**
 * Looks at what a relay would stand on and says what is wrong with it, one line per check. Changes nothing:
 * nothing is migrated, no port is taken. Knows no duty.
 */
import { completeConfig, type RelayConfig } from '../config.js';
import { describeUnexpected } from '../logging/relay-log.js';
import { OperatorError } from '../operator-error.js';
import type { Database } from '../ports.js';
import { openPostgresDatabase, pendingMigrations } from '../storage/postgres/index.js';
import type { Finding } from './finding.js';
import { checkMailboxRedis, checkRedis } from './redis-check.js';

/** Clocks this far apart make tokens and counters disagree. */
const maxClockSkewMs = 5_000;
/** Connections that PostgreSQL keeps for itself and for operators. */
const spareConnections = 10;

interface ServerRow {
  readonly [column: string]: unknown;
  readonly version: number;
  readonly fsync: string;
  readonly commit: string;
  readonly max_connections: number;
  readonly now_ms: number;
}

const serverSql = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
         current_setting('synchronous_commit') AS commit,
         current_setting('max_connections')::int AS max_connections,
         (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now_ms`;

const oldestPostgres = 150_000;

function* judgeServer(row: ServerRow, config: RelayConfig, nowMs: number): Generator<Finding> {
  const part = 'database';
  yield row.version >= oldestPostgres
    ? { level: 'ok', part, text: `PostgreSQL ${Math.floor(row.version / 10_000)} answers` }
    : { level: 'fail', part, text: 'PostgreSQL is older than 15' };
  if (row.fsync !== 'on' || row.commit === 'off') {
    const text = 'fsync or synchronous_commit is off: what was accepted may be lost with the power';
    yield { level: 'warn', part, text };
  }
  if (config.databaseConnections + spareConnections > row.max_connections) {
    const text = `DATABASE_CONNECTIONS leaves few of PostgreSQL’s ${row.max_connections} for other nodes`;
    yield { level: 'warn', part, text };
  }
  const skewMs = Math.abs(row.now_ms - nowMs);
  if (skewMs > maxClockSkewMs) {
    yield {
      level: 'warn',
      part,
      text: `its clock and this machine’s are ${Math.round(skewMs / 1000)} s apart`,
    };
  }
}

async function checkSchema(database: Database): Promise<Finding> {
  const part = 'database';
  try {
    const pending = await pendingMigrations(database);
    if (pending === 0) return { level: 'ok', part, text: 'the schema is this relay’s' };
    return {
      level: 'warn',
      part,
      text: `${pending} migrations are to be applied; serve and migrate apply them`,
    };
  } catch (error) {
    if (error instanceof OperatorError) return { level: 'fail', part, text: error.message };
    throw error;
  }
}

async function checkDatabase(url: string, config: RelayConfig, nowMs: number): Promise<Finding[]> {
  const database = openPostgresDatabase(url, { maxConnections: 1 });
  try {
    const [row] = await database.query<ServerRow>(serverSql);
    return [...judgeServer(row as ServerRow, config, nowMs), await checkSchema(database)];
  } catch (error) {
    const { errorCode, errorName } = describeUnexpected(error);
    return [{ level: 'fail', part: 'database', text: `it cannot be asked: ${errorCode ?? errorName}` }];
  } finally {
    await database.close();
  }
}

/**
 * Checks everything that the settings name.
 * @param given - not yet checked, as from the environment
 * @param nowMs - milliseconds since the Unix epoch
 */
export async function examine(given: Partial<RelayConfig>, nowMs: number): Promise<Finding[]> {
  let config: RelayConfig;
  try {
    config = completeConfig(given);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return [{ level: 'fail', part: 'configuration', text: error.message }];
  }
  const findings: Finding[] = [
    { level: 'ok', part: 'configuration', text: 'every setting has a value it can have' },
  ];
  const { databaseUrl, redisUrl, mailboxRedisUrl } = config;
  if (databaseUrl === undefined) {
    const text = 'embedded: one process, and durable against its death, not against the loss of power';
    findings.push({ level: 'ok', part: 'database', text });
  } else findings.push(...(await checkDatabase(databaseUrl, config, nowMs)));
  if (redisUrl !== undefined) findings.push(...(await checkRedis(redisUrl)));
  if (mailboxRedisUrl !== undefined) findings.push(...(await checkMailboxRedis(mailboxRedisUrl)));
  return findings;
}
