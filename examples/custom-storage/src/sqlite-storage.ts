/** The storage port over a SQLite file. Every statement runs at once, so a commit is one turn of the process. */
import { rm } from 'node:fs/promises';
import { SottoError } from '@sotto/sdk';
import type { StorageAdapter, StorageChange, StorageEntry, StorageFence } from '@sotto/sdk';
import sqlite from 'node-sqlite3-wasm';
import { disown, own } from './owner.js';

const schema = `
  pragma synchronous = full;
  pragma locking_mode = exclusive;
  create table if not exists fence (id integer primary key check (id = 1), fence integer not null);
  create table if not exists pair (key text primary key, value blob not null) without rowid;
  insert or ignore into fence values (1, 0);`;

const keyPattern = /^[A-Za-z0-9._~:-]+(?:\/[A-Za-z0-9._~:-]+)*$/;
const maxKeyLength = 512;
const maxValueBytes = 16 * 1024 * 1024;
/** A list reads so many pairs at a time. */
const pageRows = 32;

/** Opens a storage in a file, which is made on first use. One process at a time. */
export function sqliteStorage(path: string): StorageAdapter {
  return new SqliteStorage(path);
}

class SqliteStorage implements StorageAdapter {
  // A commit is written with fsync before `run` returns; see the pragma.
  readonly durability = 'power-loss';
  readonly #path: string;
  #database: Promise<sqlite.Database> | undefined;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  async acquire(): Promise<StorageFence> {
    return this.#run((database) => {
      const row = database.get('update fence set fence = fence + 1 returning fence');
      return Number(row?.['fence']) as StorageFence;
    });
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    for (const key of keys) assertKey(key);
    return this.#run((database) =>
      keys.map((key) => bytesOf(database.get('select value from pair where key = ?', [key])?.['value'])),
    );
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    if (prefix !== '') assertKey(String(prefix).endsWith('/') ? prefix.slice(0, -1) : `${prefix}/`);
    // `0` is the character after `/`, `~` the greatest of all.
    const end = prefix === '' ? '\x7f' : `${prefix.slice(0, -1)}0`;
    const page = 'select key, value from pair where key > ? and key < ? order by key limit ?';
    let rows: Record<string, unknown>[];
    for (let last = prefix; ; last = String(rows.at(-1)?.['key'])) {
      rows = await this.#run((database) => database.all(page, [last, end, pageRows]));
      for (const row of rows) {
        this.#assertOpen();
        yield { key: String(row['key']), value: bytesOf(row['value']) ?? new Uint8Array() };
      }
      if (rows.length < pageRows) return;
    }
  }

  async commit(
    changes: readonly StorageChange[],
    { fence }: { readonly fence: StorageFence },
  ): Promise<void> {
    const copies = changes.map(copyOf);
    await this.#write(fence, (database) => {
      for (const { key, value } of copies) {
        if (value) database.run('insert or replace into pair values (?, ?)', [key, value]);
        else database.run('delete from pair where key = ?', [key]);
      }
    });
  }

  async destroy({ fence }: { readonly fence: StorageFence }): Promise<void> {
    await this.#write(fence, () => undefined);
    await this.#letGo((path) => rm(path, { force: true }));
  }

  async close(): Promise<void> {
    await this.#letGo(async () => {});
  }

  /** One transaction, in which the fence is checked. */
  #write(fence: StorageFence, work: (database: sqlite.Database) => void): Promise<void> {
    return this.#run((database) => {
      database.exec('begin immediate');
      try {
        if (database.get('select fence from fence')?.['fence'] !== fence) throw new SottoError('fenced');
        work(database);
        database.exec('commit');
      } catch (error) {
        if (database.inTransaction) database.exec('rollback');
        throw error;
      }
    });
  }

  async #run<Result>(work: (database: sqlite.Database) => Result): Promise<Result> {
    this.#assertOpen();
    this.#database ??= this.#open();
    const database = await this.#database;
    // Accepted before `close`: it waits for what was.
    return translated(() => work(database));
  }

  async #open(): Promise<sqlite.Database> {
    try {
      await own(this.#path);
      return translated(() => {
        const database = new sqlite.Database(this.#path);
        database.exec(schema);
        return database;
      });
    } catch (error) {
      this.#database = undefined;
      throw error;
    }
  }

  async #letGo(then: (path: string) => Promise<void>): Promise<void> {
    this.#closed = true;
    const opening = this.#database;
    this.#database = undefined;
    const database = await opening?.catch(() => undefined);
    if (!database) return;
    database.close();
    await then(this.#path);
    await disown(this.#path);
  }

  #assertOpen(): void {
    if (this.#closed) throw new SottoError('storage-closed');
  }
}

function assertKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') throw new TypeError('a storage key is a string');
  if (key.length > maxKeyLength || !keyPattern.test(key)) throw new SottoError('invalid-storage-key');
}

function copyOf({ key, value }: StorageChange): StorageChange {
  assertKey(key);
  if (value === undefined) return { key, value };
  const fits = value instanceof Uint8Array && value.length <= maxValueBytes;
  if (!fits) throw new TypeError('a storage value is a Uint8Array of at most 16 MiB');
  return { key, value: Uint8Array.from(value) };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? Uint8Array.from(value) : undefined;
}

function translated<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof SottoError) throw error;
    const isFull = error instanceof Error && error.message.includes('full');
    throw new SottoError(isFull ? 'storage-full' : 'storage-failed', { cause: error });
  }
}
