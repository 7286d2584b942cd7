/** What every `Database` must do, and the migrations on it. Run with PGlite and with PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/ports.js';
import { migrate, MigrationError } from '../../src/storage/postgres/index.js';
import { migrations } from '../../src/storage/postgres/migrations/index.js';

/** @param open - opens an empty database */
export function runDatabaseSuite(name: string, open: () => Promise<Database>): void {
  describe(`database: ${name}`, () => {
    let database: Database;

    beforeAll(async () => {
      database = await open();
      await database.query('CREATE TABLE sample (id int PRIMARY KEY, number bigint, bytes bytea, text text)');
    });
    afterAll(() => database.close());

    it('gives int8 as a number, bytea as a plain Uint8Array, null as null', async () => {
      const bytes = Uint8Array.of(0, 1, 254, 255);
      const rows = await database.query(
        'INSERT INTO sample VALUES (1, $1, $2, NULL) RETURNING number, bytes, text, (SELECT count(*) FROM sample) AS count',
        [2 ** 40, bytes],
      );
      expect(rows).toEqual([{ number: 2 ** 40, bytes, text: null, count: 0 }]);
      expect(Object.getPrototypeOf(rows[0]!['bytes'])).toBe(Uint8Array.prototype);
    });

    it('takes arrays of numbers, uuids and bytes', async () => {
      const id = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
      const [row] = await database.query(
        `SELECT (SELECT array_length($1::int[], 1)) AS ints,
                (SELECT count(*) FROM unnest($2::uuid[]) AS one WHERE one = $3::uuid) AS uuids,
                (SELECT sum(length(one))::int FROM unnest($4::bytea[]) AS one) AS bytes`,
        [[1, 2], [id], id, [Uint8Array.of(1), Uint8Array.of(2, 3), new Uint8Array()]],
      );
      expect(row).toEqual({ ints: 2, uuids: 1, bytes: 3 });
    });

    it('refuses an int8 that a number cannot hold exactly', async () => {
      await expect(database.query("SELECT '9007199254740993'::int8 AS big")).rejects.toThrow(RangeError);
    });

    it('keeps a transaction that resolves and drops one that rejects', async () => {
      await database.transaction(async (transaction) => {
        await transaction.query("INSERT INTO sample (id, text) VALUES (10, 'kept')");
      });
      const failure = new Error('enough');
      const failed = database.transaction(async (transaction) => {
        await transaction.query("INSERT INTO sample (id, text) VALUES (11, 'dropped')");
        throw failure;
      });
      await expect(failed).rejects.toBe(failure);
      expect(await database.query('SELECT id FROM sample WHERE id >= 10')).toEqual([{ id: 10 }]);
    });

    it('recovers from a failed statement inside a transaction', async () => {
      const failed = database.transaction((transaction) => transaction.query('SELECT * FROM nowhere'));
      await expect(failed).rejects.toThrow(/nowhere/);
      expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('gives parallel transactions no lost update', async () => {
      await database.query('INSERT INTO sample (id, number) VALUES (20, 0)');
      const increment = () =>
        database.transaction(async (transaction) => {
          const [row] = await transaction.query('SELECT number FROM sample WHERE id = 20 FOR UPDATE');
          await transaction.query('UPDATE sample SET number = $1 WHERE id = 20', [
            (row!['number'] as number) + 1,
          ]);
        });
      await Promise.all(Array.from({ length: 30 }, increment));
      expect(await database.query('SELECT number FROM sample WHERE id = 20')).toEqual([{ number: 30 }]);
    });

    describeMigrations(() => database);

    it('closes twice without harm', async () => {
      await database.close();
      await database.close();
    });
  });
}

function describeMigrations(database: () => Database): void {
  it('numbers its migrations 1, 2, 3 … and names each once', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
    expect(new Set(migrations.map(({ name }) => name)).size).toBe(migrations.length);
  });

  it('applies nothing of a migration that fails', async () => {
    const broken = {
      version: 1,
      name: 'broken',
      sql: ['CREATE TABLE halfway (id int)', 'SELECT * FROM nowhere'],
    };
    await expect(migrate(database(), [broken])).rejects.toThrow(/nowhere/);
    expect(await database().query("SELECT to_regclass('halfway') AS found")).toEqual([{ found: null }]);
  });

  it('migrates an empty database, once, however many nodes start', async () => {
    const counts = await Promise.all(Array.from({ length: 4 }, () => migrate(database())));
    expect(counts.sort()).toEqual([0, 0, 0, migrations.length]);
    expect(await migrate(database())).toBe(0);
  });

  it('goes on from where the database is', async () => {
    const next = {
      version: migrations.length + 1,
      name: 'next',
      sql: ['CREATE TABLE next_step (id int)', 'INSERT INTO next_step VALUES (7)'],
    };
    expect(await migrate(database(), [...migrations, next])).toBe(1);
    expect(await database().query('SELECT id FROM next_step')).toEqual([{ id: 7 }]);
  });

  it('refuses a database that is newer, in one line', async () => {
    const refused = migrate(database());
    await expect(refused).rejects.toThrow(MigrationError);
    await expect(refused).rejects.toThrow(/^the database is at schema version \d+, newer .*$/);
  });

  it('refuses a database of another program', async () => {
    const [first, ...others] = migrations;
    const renamed = [{ ...first!, name: 'something-else' }, ...others];
    await expect(migrate(database(), renamed)).rejects.toThrow(/another program/);
  });
}
