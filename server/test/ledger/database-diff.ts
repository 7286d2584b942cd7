/** What changed in a database between two looks, column by column. Knows no table. */
import type { Database, Row } from '../../src/ports.js';

type Table = ReadonlyMap<string, Row>;

/** Everything that a database holds. */
export type Snapshot = ReadonlyMap<string, Table>;

/** Every column of the database, as `table.column`. */
export async function listColumns(database: Database): Promise<string[]> {
  const rows = await database.query<{ table_name: string; column_name: string }>(
    `SELECT table_name, column_name FROM information_schema.columns
      WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`,
  );
  return rows.map((row) => `${row.table_name}.${row.column_name}`);
}

async function primaryKey(database: Database, table: string): Promise<string[]> {
  const rows = await database.query<{ attname: string }>(
    `SELECT a.attname FROM pg_index i
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
      WHERE i.indrelid = $1::regclass AND i.indisprimary`,
    [table],
  );
  return rows.map(({ attname }) => attname);
}

const spell = (value: unknown) =>
  JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);

/** Reads everything. */
export async function takeSnapshot(database: Database): Promise<Snapshot> {
  const tables = new Set((await listColumns(database)).map((column) => column.split('.')[0] as string));
  const snapshot = new Map<string, Table>();
  for (const table of tables) {
    const key = await primaryKey(database, table);
    const rows = await database.query(`SELECT * FROM ${table}`);
    snapshot.set(table, new Map(rows.map((row) => [key.map((name) => spell(row[name])).join(), row])));
  }
  return snapshot;
}

function changedInRow(before: Row | undefined, after: Row | undefined): string[] {
  const names = Object.keys(before ?? after ?? {});
  return names.filter((name) => spell(before?.[name] ?? null) !== spell(after?.[name] ?? null));
}

/** The columns in which something was added, changed or removed. */
export function changedColumns(before: Snapshot, after: Snapshot): Set<string> {
  const changed = new Set<string>();
  for (const [table, rowsAfter] of after) {
    const rowsBefore = before.get(table) ?? new Map<string, Row>();
    for (const key of new Set([...rowsBefore.keys(), ...rowsAfter.keys()])) {
      for (const name of changedInRow(rowsBefore.get(key), rowsAfter.get(key)))
        changed.add(`${table}.${name}`);
    }
  }
  return changed;
}
