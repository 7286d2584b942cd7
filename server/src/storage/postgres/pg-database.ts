/** A PostgreSQL server as the relay's database, through a pool of connections. Knows no table. */
import pg from 'pg';
import type { Database, Row, Statement, Transaction } from '../../ports.js';
import { preparedPlanSettings } from './session-settings.js';
import { parseBytea, parseInt8 } from './values.js';

const limits = {
  /** Connections of one node; PostgreSQL's default is 100 for all of them. */
  maxConnections: 10,
  /** How long a query may wait for a connection before it fails: callers are told `unavailable`. */
  connectTimeoutMs: 5_000,
  /** No statement of the relay takes longer than a moment; one that does must not hold its locks. */
  statementTimeoutMs: 30_000,
  /**
   * How long a transaction may lie still between two statements. A node needs a moment there; one that was frozen or
   * cut off in it would keep its locks, and every other node that needs one of them would wait as long.
   */
  stillTransactionTimeoutMs: 3_000,
} as const;

/** Options of {@link openPostgresDatabase}. */
export interface PostgresOptions {
  /** Connections kept at most. Default 10. */
  readonly maxConnections?: number;
  /**
   * Whether statements are kept prepared on each connection. Default true. False behind a pooler that gives
   * every transaction another connection and does not follow prepared statements; plans are then the server's
   * affair and no setting of a session is touched.
   */
  readonly prepare?: boolean;
  /** How long a transaction may lie still between two statements before the server ends it. Default 3 s. */
  readonly stillTransactionTimeoutMs?: number;
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

/** How a statement is put: with its name when it is to be kept prepared. */
type Spell = (statement: Statement, parameters?: readonly unknown[]) => pg.QueryConfig;

function spelling(prepare: boolean): Spell {
  return (statement, parameters = []) => {
    const values = [...parameters];
    if (typeof statement === 'string') return { text: statement, values };
    const { name, sql: text } = statement;
    return prepare ? { name, text, values } : { text, values };
  };
}

/** One transaction. The connection is pipelined: what is asked for without waiting shares a round trip. */
class PooledTransaction implements Transaction {
  readonly #client: pg.PoolClient;
  readonly #spell: Spell;
  readonly #atCommit: pg.QueryConfig[] = [];
  #begun: Promise<unknown> | undefined;
  #ended = false;

  constructor(client: pg.PoolClient, spell: Spell) {
    this.#client = client;
    this.#spell = spell;
  }

  async query<Result extends Row>(statement: Statement, parameters?: readonly unknown[]) {
    const [, { rows }] = await Promise.all([
      this.#begin(),
      this.#client.query(this.#spell(statement, parameters)),
    ]);
    return rows as readonly Result[];
  }

  atCommit(statement: Statement, parameters?: readonly unknown[]): void {
    this.#atCommit.push(this.#spell(statement, parameters));
  }

  async commit(): Promise<void> {
    if (this.#begun === undefined && this.#atCommit.length === 0) return;
    const begun = this.#begin();
    this.#ended = true;
    const last = this.#atCommit.map((statement) => this.#client.query(statement));
    const committed = this.#client.query('COMMIT');
    const [{ command }] = await Promise.all([committed, begun, ...last]);
    if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
  }

  /** A failed ROLLBACK means that the connection is gone, and the server rolls back by itself. */
  async rollBack(): Promise<Error | undefined> {
    this.#ended = true;
    try {
      if (this.#begun !== undefined) await this.#client.query('ROLLBACK');
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  #begin(): Promise<unknown> {
    if (this.#ended) throw new Error('the transaction has ended');
    return (this.#begun ??= this.#client.query('BEGIN'));
  }
}

async function transaction<Result>(
  pool: pg.Pool,
  spell: Spell,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that dies between two queries says so by an event; without a listener it would end the process.
  const onError = (error: Error) => (broken = error);
  client.on('error', onError);
  const transaction = new PooledTransaction(client, spell);
  try {
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    broken ??= await transaction.rollBack();
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

async function setUpSession(client: pg.ClientBase): Promise<void> {
  await client.query(preparedPlanSettings);
}

function openPool(url: string, options: PostgresOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections ?? limits.maxConnections,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    idle_in_transaction_session_timeout:
      options.stillTransactionTimeoutMs ?? limits.stillTransactionTimeoutMs,
    application_name: 'sotto-relay',
    pipeline: true,
    types: { getTypeParser: getTypeParser as typeof pg.types.getTypeParser },
    // The pool waits for the promise, which its types do not say.
    ...(options.prepare !== false && { onConnect: setUpSession as (client: pg.ClientBase) => never }),
  });
  pool.on('error', options.onIdleError ?? (() => {}));
  return pool;
}

/**
 * Opens a pool on a PostgreSQL server. Connects lazily: a server that cannot be reached shows at the first query.
 * @param url - `postgres://…`; it may hold a password, so it is never logged
 */
export function openPostgresDatabase(url: string, options: PostgresOptions = {}): Database {
  const pool = openPool(url, options);
  const spell = spelling(options.prepare !== false);
  let closing: Promise<void> | undefined;
  return {
    async query<Result extends Row>(statement: Statement, parameters?: readonly unknown[]) {
      const { rows } = await pool.query(spell(statement, parameters));
      return rows as readonly Result[];
    },
    transaction: (work) => transaction(pool, spell, work),
    close: () => (closing ??= pool.end()),
  };
}
