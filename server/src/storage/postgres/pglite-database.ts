/**
 * The embedded database: PostgreSQL in WebAssembly on a folder, or in memory. One connection, so
 * transactions run one after another. Knows no table.
 *
 * Durability: PGlite starts PostgreSQL with fsync off. What was committed survives the death of the
 * process, a SIGKILL included, but not necessarily a power cut or a crash of the operating system.
 * PGlite takes no lock on its folder either: whoever opens one holds a folder lock around it.
 */
import { PGlite, types } from '@electric-sql/pglite';
import type { Database, Queryable, Row } from '../../ports.js';
import { parseInt8 } from './values.js';

type PGliteQueries = Pick<PGlite, 'query'>;

function queries(source: PGliteQueries): Queryable {
  return {
    async query<Result extends Row>(sql: string, parameters: readonly unknown[] = []) {
      const { rows } = await source.query<Result>(sql, [...parameters]);
      return rows;
    },
  };
}

// PGlite's own coding of bytes builds a string a byte; through a Buffer it is some ten times faster.
function parseBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

function serializeBytes(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

/**
 * Opens the embedded database.
 * @param folder - where it lives; made when absent. Without one it lives in memory and is gone at `close`.
 * The caller holds the folder's lock from before this call until after `close`.
 */
export async function openPGliteDatabase(folder?: string): Promise<Database> {
  const parsers = { [types.INT8]: parseInt8, [types.BYTEA]: parseBytes };
  const serializers = { [types.BYTEA]: serializeBytes };
  const options = { parsers, serializers, ...(folder !== undefined && { dataDir: folder }) };
  const pglite = await PGlite.create(options);
  return {
    ...queries(pglite),
    transaction: (work) => pglite.transaction((transaction) => work(queries(transaction))),
    close: async () => {
      if (!pglite.closed) await pglite.close();
    },
  };
}
