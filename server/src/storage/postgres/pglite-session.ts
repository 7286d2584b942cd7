/**
 * Runs statements in PGlite at the level of PostgreSQL's own protocol, which is where statements can be
 * kept prepared: PGlite's `query` plans each one anew, and that takes several times as long as running it.
 * Messages that belong together go in together. Knows no transaction and no table; the caller lets one
 * call in after the other.
 */
import { protocol, types, type PGlite } from '@electric-sql/pglite';
import type { Row, Statement } from '../../ports.js';
import { preparedPlanSettings } from './session-settings.js';
import { arrayText, parseBytea, parseInt8 } from './values.js';

const { serialize } = protocol;
type Message = Awaited<ReturnType<PGlite['execProtocolStream']>>[number];
type RowDescription = InstanceType<typeof protocol.messages.RowDescriptionMessage>;
type DataRow = InstanceType<typeof protocol.messages.DataRowMessage>;
type CommandComplete = InstanceType<typeof protocol.messages.CommandCompleteMessage>;

/** How one statement ended. */
export interface StatementResult {
  readonly rows: readonly Row[];
  /** PostgreSQL's command tag, such as `INSERT 0 3`. */
  readonly command: string;
}

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [types.BOOL]: (text) => text === 't',
  [types.INT2]: Number,
  [types.INT4]: Number,
  [types.INT8]: parseInt8,
  [types.FLOAT4]: Number,
  [types.FLOAT8]: Number,
  [types.OID]: Number,
  [types.BYTEA]: parseBytea,
};

function columnsOf(messages: readonly Message[]): readonly Column[] {
  const description = messages.find(({ name }) => name === 'rowDescription') as RowDescription | undefined;
  const fields = description?.fields ?? [];
  return fields.map(({ name, dataTypeID }) => ({ name, parse: parsers[dataTypeID] ?? String }));
}

function toRow({ fields }: DataRow, columns: readonly Column[]): Row {
  const row: Record<string, unknown> = {};
  columns.forEach(({ name, parse }, index) => {
    const text = fields[index];
    row[name] = text === null || text === undefined ? null : parse(text);
  });
  return row;
}

function toResult(messages: readonly Message[], columns: readonly Column[]): StatementResult {
  const rows = messages.filter(({ name }) => name === 'dataRow') as DataRow[];
  const completed = messages.findLast(({ name }) => name === 'commandComplete') as
    CommandComplete | undefined;
  return { rows: rows.map((row) => toRow(row, columns)), command: completed?.text ?? '' };
}

function toProtocolValue(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  return Array.isArray(value) ? arrayText(value) : String(value as string | number | boolean);
}

/** See the file's header. */
export class PGliteSession {
  readonly #pglite: PGlite;
  /** Columns of the statements that are prepared, by name. */
  readonly #prepared = new Map<string, readonly Column[]>();

  private constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  /** Takes over a fresh PGlite. */
  static async open(pglite: PGlite): Promise<PGliteSession> {
    const session = new PGliteSession(pglite);
    await session.runText(preparedPlanSettings);
    return session;
  }

  /** Runs one text without parameters, which may hold several statements; the result is the last one's. */
  async runText(sql: string): Promise<StatementResult> {
    const messages = await this.#exchange([serialize.query(sql)]);
    return toResult(messages, columnsOf(messages));
  }

  /** Runs one statement. */
  async run(statement: Statement, parameters: readonly unknown[]): Promise<StatementResult> {
    if (typeof statement === 'string' && parameters.length === 0) return this.runText(statement);
    const { name, sql } = typeof statement === 'string' ? { name: '', sql: statement } : statement;
    const columns = await this.#prepare(name, sql);
    const bind = serialize.bind({ statement: name, values: parameters.map(toProtocolValue) });
    return toResult(await this.#exchange([bind, serialize.execute(), serialize.sync()]), columns);
  }

  close(): Promise<void> {
    return this.#pglite.closed ? Promise.resolve() : this.#pglite.close();
  }

  /** @param name - empty for a statement that is not kept */
  async #prepare(name: string, sql: string): Promise<readonly Column[]> {
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    const parse = serialize.parse({ name, text: sql });
    const columns = columnsOf(
      await this.#exchange([parse, serialize.describe({ type: 'S', name }), serialize.sync()]),
    );
    if (name !== '') this.#prepared.set(name, columns);
    return columns;
  }

  /** @throws DatabaseError of PGlite, the first one; what came after it in the same call was not run */
  #exchange(messages: readonly Uint8Array[]): Promise<readonly Message[]> {
    const whole = messages.length === 1 ? (messages[0] as Uint8Array) : Buffer.concat(messages);
    return this.#pglite.execProtocolStream(whole, { syncToFs: true });
  }
}
