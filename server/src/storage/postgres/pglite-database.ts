/**
 * The embedded database: PostgreSQL in WebAssembly on a folder, or in memory. One connection, so
 * transactions run one after another. Knows no table.
 *
 * Durability: PGlite starts PostgreSQL with fsync off. What was committed survives the death of the
 * process, a SIGKILL included, but not necessarily a power cut or a crash of the operating system.
 * PGlite takes no lock on its folder either: whoever opens one holds a folder lock around it.
 */
import { PGlite } from '@electric-sql/pglite';
import type { Database, Row, Statement, Transaction } from '../../ports.js';
import { PGliteSession } from './pglite-session.js';

/** One piece of work after the other. How many wait is bounded where the work comes from. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

class EmbeddedTransaction implements Transaction {
  readonly #session: PGliteSession;
  readonly #turns = new Turns();
  readonly #atCommit: [Statement, readonly unknown[]][] = [];
  #state: 'unused' | 'begun' | 'ended' = 'unused';

  constructor(session: PGliteSession) {
    this.#session = session;
  }

  query<Result extends Row>(statement: Statement, parameters: readonly unknown[] = []) {
    return this.#turns.take(async () => {
      await this.#begin();
      const { rows } = await this.#session.run(statement, parameters);
      return rows as readonly Result[];
    });
  }

  atCommit(statement: Statement, parameters: readonly unknown[] = []): void {
    this.#atCommit.push([statement, parameters]);
  }

  async commit(): Promise<void> {
    for (const [statement, parameters] of this.#atCommit) await this.query(statement, parameters);
    if (this.#state !== 'begun') return;
    this.#state = 'ended';
    const { command } = await this.#session.runText('COMMIT');
    if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
  }

  async rollBack(): Promise<void> {
    if (this.#state === 'begun') await this.#session.runText('ROLLBACK');
    this.#state = 'ended';
  }

  async #begin(): Promise<void> {
    if (this.#state === 'ended') throw new Error('the transaction has ended');
    if (this.#state === 'begun') return;
    this.#state = 'begun';
    await this.#session.runText('BEGIN');
  }
}

class EmbeddedDatabase implements Database {
  readonly #session: PGliteSession;
  readonly #turns = new Turns();
  #closing: Promise<void> | undefined;

  constructor(session: PGliteSession) {
    this.#session = session;
  }

  query<Result extends Row>(statement: Statement, parameters: readonly unknown[] = []) {
    return this.#turns.take(async () => {
      const { rows } = await this.#session.run(statement, parameters);
      return rows as readonly Result[];
    });
  }

  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#turns.take(async () => {
      const transaction = new EmbeddedTransaction(this.#session);
      try {
        const result = await work(transaction);
        await transaction.commit();
        return result;
      } catch (error) {
        // What went wrong first is what the caller has to know.
        await transaction.rollBack().catch(() => undefined);
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#turns.take(() => this.#session.close()));
  }
}

/**
 * Opens the embedded database.
 * @param folder - where it lives; made when absent. Without one it lives in memory and is gone at `close`.
 * The caller holds the folder's lock from before this call until after `close`.
 */
export async function openPGliteDatabase(folder?: string): Promise<Database> {
  const pglite = await PGlite.create(folder === undefined ? {} : { dataDir: folder });
  return new EmbeddedDatabase(await PGliteSession.open(pglite));
}
