/** What every `Database` must do, and the migrations on it. Run with PGlite and with PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database, Transaction } from '../../src/ports.js';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from '../../src/storage/postgres/arrays.js';
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

    it('takes arrays in binary, of any length', async () => {
      const ids = ['6ba7b810-9dad-41d1-80b4-00c04fd430c8', '00000000-0000-4000-8000-0000000000ff'];
      const bytes = [Uint8Array.of(0, 255), new Uint8Array(), new Uint8Array(2000).fill(7)];
      const [row] = await database.query(
        `SELECT $1::uuid[]::text AS uuids, $2::int[]::text AS ints, $3::int8[]::text AS bigs, $4::text[]::text AS texts,
                ARRAY(SELECT encode(one, 'hex') FROM unnest($5::bytea[]) AS one)::text AS bytes,
                array_length($6::uuid[], 1) AS none`,
        [
          uuidArray(ids),
          int4Array([-1, 2 ** 31 - 1]),
          int8Array([-(2 ** 40), Number.MAX_SAFE_INTEGER]),
          textArray(['plain', 'žluťoučký "kůň"', '']),
          byteaArray(bytes),
          uuidArray([]),
        ],
      );
      expect(row).toEqual({
        uuids: `{${ids.join()}}`,
        ints: `{-1,${2 ** 31 - 1}}`,
        bigs: `{${-(2 ** 40)},${Number.MAX_SAFE_INTEGER}}`,
        texts: '{plain,"žluťoučký \\"kůň\\"",""}',
        bytes: `{00ff,"",${'07'.repeat(2000)}}`,
        none: null,
      });
    });

    it('spells texts and bytes in arrays so that nothing of them is lost', async () => {
      const texts = ['a,b', 'NULL', '"quoted" \\ {braces}', ''];
      const [row] = await database.query(
        'SELECT $1::text[] = ARRAY[$2, $3, $4, $5]::text[] AS same, length(($6::bytea[])[1]) AS bytes',
        [texts, ...texts, [Uint8Array.of(34, 92, 0)]],
      );
      expect(row).toEqual({ same: true, bytes: 3 });
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

    it('sends what is asked for at commit with the commit, or drops all of it', async () => {
      await database.transaction(async (transaction) => {
        transaction.atCommit('INSERT INTO sample (id, text) VALUES ($1, $2)', [30, 'second']);
        await transaction.query('INSERT INTO sample (id, text) VALUES (31, $1)', ['first']);
        expect(await transaction.query('SELECT id FROM sample WHERE id = 30')).toEqual([]);
      });
      const failed = database.transaction(async (transaction) => {
        await transaction.query('INSERT INTO sample (id) VALUES ($1)', [32]);
        transaction.atCommit('INSERT INTO sample (id) VALUES ($1)', [33]);
        transaction.atCommit('INSERT INTO sample (id) VALUES ($1)', [30]);
      });
      await expect(failed).rejects.toMatchObject({ code: '23505' });
      expect(await database.query('SELECT id FROM sample WHERE id BETWEEN 30 AND 39 ORDER BY id')).toEqual([
        { id: 30 },
        { id: 31 },
      ]);
    });

    it('runs statements that are asked for together one after the other', async () => {
      const counts = await database.transaction(async (transaction) => {
        const insert = (id: number) => transaction.query('INSERT INTO sample (id) VALUES ($1)', [id]);
        const count = () =>
          transaction.query('SELECT count(*) AS count FROM sample WHERE id BETWEEN $1 AND $2', [40, 49]);
        const [, before, , after] = await Promise.all([insert(40), count(), insert(41), count()]);
        return [before, after];
      });
      expect(counts).toEqual([[{ count: 1 }], [{ count: 2 }]]);
    });

    it('does not resolve when a failed statement was overlooked', async () => {
      const overlooked = database.transaction(async (transaction) => {
        await transaction.query('INSERT INTO sample (id) VALUES ($1)', [50]);
        await transaction.query('SELECT 1 / $1::int AS infinite', [0]).catch(() => {});
      });
      await expect(overlooked).rejects.toThrow(/rolled back/);
      expect(await database.query('SELECT id FROM sample WHERE id = $1', [50])).toEqual([]);
    });

    it('lets nothing into a transaction that has ended', async () => {
      let kept: Transaction | undefined;
      await database.transaction(async (transaction) => {
        kept = transaction;
        await transaction.query('SELECT 1');
      });
      await expect(kept!.query('SELECT 1')).rejects.toThrow(/ended/);
    });

    it('keeps a statement usable that failed, or was prepared in a transaction that did', async () => {
      const share = { name: 'share', sql: 'SELECT 12 / $1::int AS share' };
      const divide = (by: number) => database.query(share, [by]);
      await expect(divide(0)).rejects.toMatchObject({ code: '22012' });
      expect(await divide(3)).toEqual([{ share: 4 }]);
      const modulo = { name: 'modulo', sql: 'SELECT 12 % $1::int AS rest' };
      const failed = database.transaction(async (transaction) => {
        await transaction.query('SELECT * FROM nowhere').catch(() => {});
        await transaction.query(modulo, [5]);
      });
      await expect(failed).rejects.toMatchObject({ code: '25P02' });
      for (let time = 0; time < 3; time += 1) {
        expect(await database.transaction((transaction) => transaction.query(modulo, [5]))).toEqual([
          { rest: 2 },
        ]);
      }
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
