import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examine } from '../../src/doctor/doctor.js';
import { migrate, openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { bytes } from '../support/people.js';
import { startPostgres, type PostgresService } from './postgres-service.js';
import { startRedis, type RedisService } from './redis-service.js';

describe('the doctor', () => {
  let postgres: PostgresService;
  let redis: RedisService;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  });
  afterAll(async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  const lines = async (config: Parameters<typeof examine>[0], nowMs = Date.now()) =>
    (await examine({ secret: bytes(32), ...config }, nowMs)).map(
      ({ level, part, text }) => `${level} ${part} ${text}`,
    );

  it('finds what is missing in the schema, and changes nothing', async () => {
    const databaseUrl = await postgres.createDatabase();
    const before = await lines({ databaseUrl, redisUrl: redis.url });
    expect(before.join('\n')).toMatch(/warn database \d+ migrations are to be applied/);
    expect(await lines({ databaseUrl, redisUrl: redis.url })).toEqual(before);
    const database = openPostgresDatabase(databaseUrl);
    await migrate(database);
    const after = await lines({ databaseUrl, redisUrl: redis.url });
    expect(after).toContain('ok database the schema is this relay’s');
    expect(after.at(-1)).toMatch(/^ok redis Redis 7\S* answers, and its channels do$/);
    // The server of this test runs without fsync.
    expect(after.join('\n')).toMatch(/warn database fsync or synchronous_commit is off/);
    await database.query("INSERT INTO schema_migrations VALUES (999, 'of a newer relay')");
    expect((await lines({ databaseUrl })).join('\n')).toMatch(/fail database .*newer than this relay knows/);
    await database.close();
  });

  it('warns of clocks that disagree and of connections that do not fit', async () => {
    const databaseUrl = await postgres.createDatabase();
    const said = await lines({ databaseUrl, databaseConnections: 95 }, Date.now() - 60_000);
    expect(said.join('\n')).toMatch(/warn database its clock and this machine’s are (59|60|61) s apart/);
    expect(said.join('\n')).toMatch(/warn database DATABASE_CONNECTIONS leaves few/);
  });

  it('says what a Redis that keeps mailboxes would lose', async () => {
    const databaseUrl = await postgres.createDatabase();
    const said = await lines({ databaseUrl, mailboxRedisUrl: redis.url });
    expect(said.join('\n')).toMatch(/warn mailbox appendonly is off/);
    const durable = await startRedis({ durable: true });
    const mailbox = (await lines({ databaseUrl, mailboxRedisUrl: durable.url })).slice(-1);
    expect(mailbox).toEqual([expect.stringMatching(/^ok mailbox Redis 7\S* answers$/)]);
    await durable.stop();
    const away = await lines({ databaseUrl, mailboxRedisUrl: 'redis://:canary@127.0.0.1:1' });
    expect(away.at(-1)).toBe('fail mailbox its Redis cannot be asked');
  });

  it('says what is away, and shows no address and no password', async () => {
    const said = await lines({
      databaseUrl: 'postgres://user:canary@127.0.0.1:1/x',
      redisUrl: 'redis://:canary@127.0.0.1:1',
    });
    expect(said.slice(1)).toEqual([
      'fail database it cannot be asked: ECONNREFUSED',
      'warn redis it cannot be asked: nodes would reach one another through the mailboxes alone',
    ]);
    expect(await lines({ port: -1 })).toEqual([
      'fail configuration SOTTO_PORT (port) must be a number from 0 to 65535',
    ]);
  });
});
