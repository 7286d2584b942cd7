import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mailbox } from '../../src/mailbox/mailbox.js';
import { createRelay } from '../../src/relay.js';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { MailboxServer } from '../../src/storage/redis/mailbox-server.js';
import { openRedisMailbox } from '../../src/storage/redis/redis-mailbox.js';
import { mailboxOver, redisMailboxOver } from '../mailbox/database-under-test.js';
import { deviceOf, drain, makeScene, newAccount, now, problem, send } from '../mailbox/mailbox-suite-kit.js';
import { mailboxSuite } from '../mailbox/mailbox-suite.js';
import { waitFor } from '../support/wait-for.js';
import { startPostgres, type PostgresService } from './postgres-service.js';
import { startRedis, type RedisService } from './redis-service.js';

let service: PostgresService;
let redis: RedisService;
beforeAll(async () => {
  [service, redis] = await Promise.all([startPostgres(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([service.stop(), redis.stop()]);
});

const openDatabase = async () => openPostgresDatabase(await service.createDatabase(), { maxConnections: 12 });

mailboxSuite('PostgreSQL', async () => mailboxOver(await openDatabase()));
mailboxSuite('Redis', async () => redisMailboxOver(await openDatabase(), redis.url));

it('waits for the disk again after an acknowledgement that did not', async () => {
  const database = openPostgresDatabase(await service.createDatabase(), { maxConnections: 1 });
  const store = await mailboxOver(database);
  const mailbox = store.open();
  const { sender, recipient, inbox } = await makeScene(store, mailbox);
  const log = async () => {
    const sql = `SELECT current_setting('synchronous_commit') AS waits, pg_current_wal_flush_lsn() AS flushed,
                        pg_current_wal_insert_lsn() AS written`;
    return (await database.query(sql))[0];
  };
  const acknowledgedSoon = async () => {
    await mailbox.accept(sender, send(recipient), now);
    expect((await log())!['waits']).toBe('on');
    const ids = (await drain(mailbox, inbox)).map(({ envelope }) => envelope.id);
    await mailbox.acknowledge(inbox, { ids, storeSeq: 1 });
    const { waits, flushed, written } = (await log())!;
    expect(waits).toBe('on');
    return flushed !== written;
  };
  // PostgreSQL writes its log out by itself five times a second: once may fall right in between.
  await waitFor('an acknowledgement that is ahead of the disk', acknowledgedSoon, 2000);
  await store.close();
});

it('moves the heads of many mailboxes, and acknowledges, on the pages where they are, without new entries in an index', async () => {
  const database = await openDatabase();
  const store = await mailboxOver(database);
  const mailbox = store.open({ acknowledgementPauseMs: 0 });
  const devices = Array.from({ length: 300 }, () => deviceOf(newAccount()));
  for (const device of devices) await store.addDevice(device, 101);
  // A row that moves on its page leaves the index as it is; one that finds no room there goes to another page.
  const pages = async () => {
    const sql =
      'SELECT account_id, (ctid::text::point)[0]::int AS page, last_envelope_seq AS head, acknowledged_store_seq AS shown FROM devices';
    const rows = await database.query(sql);
    return new Map(
      rows.map(({ account_id: account, page, head, shown }) => [account, { page, head, shown }]),
    );
  };
  const before = await pages();
  for (const device of devices.slice(1)) {
    await mailbox.accept(devices[0]!, send(device.accountId), now);
    await mailbox.acknowledge(device, { ids: [], storeSeq: 7 });
  }
  const after = await pages();
  for (const { accountId } of devices.slice(1)) {
    expect(after.get(accountId)).toEqual({ page: before.get(accountId)?.page, head: 1, shown: 7 });
  }
  expect(new Set([...before.values()].map(({ page }) => page)).size).toBeGreaterThan(1);
  await store.close();
});

it('has no sends and acknowledgements of several nodes wait for one another in a circle', async () => {
  const url = await service.createDatabase();
  const store = await mailboxOver(openPostgresDatabase(url));
  const nodes = Array.from({ length: 3 }, () => store.open({ acknowledgementPauseMs: 0 }));
  const devices = Array.from({ length: 60 }, () => deviceOf(newAccount()));
  for (const device of devices) await store.addDevice(device, 101);
  const backwards = [...devices].reverse();
  const use = async (node: Mailbox, storeSeq: number) => {
    const shown = backwards.map((device) => node.acknowledge(device, { ids: [], storeSeq }));
    const sends = devices.map(({ accountId }) => node.accept(devices[0]!, send(accountId), now));
    await Promise.all([...shown, ...sends]);
  };
  for (let storeSeq = 1; storeSeq <= 40; storeSeq += 1) {
    await Promise.all(nodes.map((node) => use(node, storeSeq)));
  }
  // A transaction that PostgreSQL ended for it was repeated; the connections have told how many by when they are gone.
  await store.close();
  const database = openPostgresDatabase(url, { maxConnections: 1 });
  const counts = async () => {
    const sql = `SELECT deadlocks, (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections
                   FROM pg_stat_database WHERE datname = current_database()`;
    return (await database.query<{ deadlocks: number; connections: number }>(sql))[0]!;
  };
  await waitFor('the connections to be gone', async () => (await counts()).connections === 1);
  expect((await counts()).deadlocks).toBe(0);
  await database.close();
});

describe('a Redis that ends under a mailbox', () => {
  /** A mailbox over a Redis of its own that was killed and started again with five envelopes in it; then a sixth came. */
  async function interrupted(durable: boolean) {
    const own = await startRedis({ durable });
    const store = await redisMailboxOver(await openDatabase(), own.url);
    const mailbox = store.open();
    const scene = await makeScene(store, mailbox);
    for (let sent = 0; sent < 5; sent += 1) await mailbox.accept(scene.sender, send(scene.recipient), now);
    await own.kill();
    await expect(mailbox.accept(scene.sender, send(scene.recipient), now)).rejects.toEqual(
      problem('unavailable'),
    );
    await own.restart();
    const again = () =>
      mailbox.accept(scene.sender, send(scene.recipient), now).then(
        () => true,
        () => false,
      );
    await waitFor('the mailbox to come back', again);
    const close = async () => {
      await store.close();
      await own.stop();
    };
    return { ...scene, close };
  }

  it('has everything again when each write was in its file before the answer', async () => {
    const { mailbox, inbox, close } = await interrupted(true);
    expect((await drain(mailbox, inbox)).slice(0, 5).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(await mailbox.depth(inbox)).toBe(6);
    await close();
  });

  it('gives no place away again that it gave before it forgot everything', async () => {
    const { mailbox, inbox, close } = await interrupted(false);
    const [first, ...more] = await drain(mailbox, inbox);
    expect(more).toEqual([]);
    expect(first?.seq).toBeGreaterThan(5);
    // What a connection that had all five hears of.
    const page = await mailbox.page(inbox, 5, { maxEnvelopes: 10, maxBytes: 1e6 }, now);
    expect(page.envelopes.map(({ seq }) => seq)).toEqual([first?.seq]);
    await close();
  });
});

it('makes a relay unready while it is away', async () => {
  const own = await startRedis();
  const config = { port: 0, mailboxRedisUrl: own.url, secret: randomBytes(32), logLevel: 'silent' } as const;
  const relay = await createRelay({ ...config, databaseUrl: await service.createDatabase() });
  const readiness = async () => (await fetch(`${relay.url}/readyz`)).status;
  expect(await readiness()).toBe(200);
  await own.kill();
  await waitFor('the relay to say so', async () => (await readiness()) === 503);
  await own.restart();
  await waitFor('the relay to be ready', async () => (await readiness()) === 200);
  await relay.close();
  await own.stop();
});

it('writes nothing for a plan that was overtaken', async () => {
  const database = await openDatabase();
  const store = await redisMailboxOver(database, redis.url);
  const { sender, recipient, inbox } = await makeScene(store, store.open());
  const server = await MailboxServer.open(redis.url, database);
  const mailbox = openRedisMailbox({ database, server });
  await mailbox.accept(sender, send(recipient), now);
  const { number } = await server.life();
  // As if the server had restarted between the plan and its writing.
  await server.run((client) => client.hSet('sotto:{mailbox}:life', { run: randomBytes(8).toString('hex') }));
  await server.run((client) => client.hSet('sotto:{mailbox}:life', { number: String(number + 1) }));
  await expect(mailbox.accept(sender, send(recipient), now)).rejects.toEqual(problem('unavailable'));
  expect(await mailbox.depth(inbox)).toBe(1);
  await mailbox.accept(sender, send(recipient), now);
  expect((await drain(mailbox, inbox)).map(({ seq }) => seq > 1)).toEqual([false, true]);
  server.close();
  await store.close();
});
