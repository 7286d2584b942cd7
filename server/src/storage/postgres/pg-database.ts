/** A PostgreSQL server as the relay's database, through a pool of connections. Knows no table. */
import pg from 'pg';
import type { Database, Queryable, Row } from '../../ports.js';
import { parseBytea, parseInt8 } from './values.js';

const limits = {
  /** Connections of one node; PostgreSQL's default is 100 for all of them. */
  maxConnections: 10,
  /** How long a query may wait for a connection before it fails: callers are told `unavailable`. */
  connectTimeoutMs: 5_000,
  /** No statement of the relay takes longer than a moment; one that does must not hold its locks. */
  statementTimeoutMs: 30_000,
} as const;

/** Options of {@link openPostgresDatabase}. */
export interface PostgresOptions {
  /** Connections kept at most. Default 10. */
  readonly maxConnections?: number;
  /** Told of errors on idle connections, which are replaced by themselves. */
  readonly onIdleError?: (error: Error) => void;
}

const typeParsers: Readonly<Record<number, (text: string) => unknown>> = {
  [pg.types.builtins.INT8]: parseInt8,
  [pg.types.builtins.BYTEA]: parseBytea,
};

function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  const own = format === 'binary' ? undefined : typeParsers[oid];
  return own ?? pg.types.getTypeParser(oid, format);
}

function queries(source: pg.Pool | pg.PoolClient): Queryable {
  return {
    async query<Result extends Row>(sql: string, parameters: readonly unknown[] = []) {
      const { rows } = await source.query(sql, [...parameters]);
      return rows as Result[];
    },
  };
}

/** A failed ROLLBACK means that the connection is gone, and the server rolls back by itself. */
async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function transaction<Result>(
  pool: pg.Pool,
  work: (transaction: Queryable) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that dies between two queries says so by an event; without a listener it would end the process.
  const onError = (error: Error) => (broken = error);
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work(queries(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    broken ??= await rollBack(client);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/**
 * Opens a pool on a PostgreSQL server. Connects lazily: a server that cannot be reached shows at the first query.
 * @param url - `postgres://…`; it may hold a password, so it is never logged
 */
export function openPostgresDatabase(url: string, options: PostgresOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections ?? limits.maxConnections,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    application_name: 'sotto-relay',
    types: { getTypeParser: getTypeParser as typeof pg.types.getTypeParser },
  });
  pool.on('error', options.onIdleError ?? (() => {}));
  let closing: Promise<void> | undefined;
  return {
    ...queries(pool),
    transaction: (work) => transaction(pool, work),
    close: () => (closing ??= pool.end()),
  };
}
