/** Sends through three nodes while the recipient's devices change: each is accepted for exactly the devices there are. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mailbox } from '../../src/mailbox/mailbox.js';
import type { Database } from '../../src/ports.js';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { openPostgresMailbox } from '../../src/storage/postgres/postgres-mailbox.js';
import { MailboxServer } from '../../src/storage/redis/mailbox-server.js';
import { openRedisMailbox } from '../../src/storage/redis/redis-mailbox.js';
import { mailboxOver } from '../mailbox/database-under-test.js';
import type { MailboxUnderTest } from '../mailbox/mailbox-suite.js';
import { body, deviceOf, drain, newAccount, now, send } from '../mailbox/mailbox-suite-kit.js';
import { startPostgres, type PostgresService } from './postgres-service.js';
import { startRedis, type RedisService } from './redis-service.js';

describe('sends against changes of the recipient’s devices', () => {
  let postgres: PostgresService;
  let redis: RedisService;
  let servers: MailboxServer[];
  let databases: Database[];
  let store: MailboxUnderTest;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const url = await postgres.createDatabase();
    databases = [0, 1, 2].map(() => openPostgresDatabase(url));
    store = await mailboxOver(databases[0]!);
    servers = await Promise.all(databases.map((database) => MailboxServer.open(redis.url, database)));
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    for (const server of servers) server.close();
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  const makes: Readonly<Record<string, (node: number) => Mailbox>> = {
    PostgreSQL: (node) => openPostgresMailbox({ database: databases[node]! }),
    Redis: (node) => openRedisMailbox({ database: databases[node]!, server: servers[node]! }),
  };

  it.each(Object.keys(makes))(
    'accept none that misses a device or names one that is gone: %s',
    async (make) => {
      const mailboxes = [0, 1, 2].map(makes[make]!);
      const senders = [0, 1, 2].map(() => deviceOf(newAccount()));
      const recipient = newAccount();
      const [first, second] = [deviceOf(recipient, 1), deviceOf(recipient, 2)];
      for (const device of [...senders, first]) await store.addDevice(device, 100 + device.deviceId);
      const accepted = { one: 0, two: 0 };
      let done = false;
      // Each sender believes what the last answer said, as a client does.
      const running = mailboxes.map(async (mailbox, node) => {
        let ids = [1];
        while (!done) {
          const outcome = await mailbox.accept(
            senders[node]!,
            send(
              recipient,
              ids.map((id) => body(id)),
            ),
            now,
          );
          if (outcome.kind === 'device-mismatch') {
            ids = [...ids, ...outcome.missing].filter((id) => !outcome.extra.includes(id));
            continue;
          }
          expect(outcome.delivered.map(({ to }) => to.deviceId)).toEqual(ids);
          accepted[ids.length === 2 ? 'two' : 'one'] += 1;
        }
      });
      for (let round = 0; round < 10; round += 1) {
        const before = accepted.two;
        await store.addDevice(second, 102);
        while (accepted.two < before + 5) await new Promise((resolve) => setImmediate(resolve));
        const atSecond = (await drain(mailboxes[0]!, second)).length;
        expect(atSecond).toBeGreaterThanOrEqual(5);
        await store.removeDevice(second);
        const alone = accepted.one;
        while (accepted.one < alone + 5) await new Promise((resolve) => setImmediate(resolve));
      }
      done = true;
      await Promise.all(running);
      // Every accepted send is in the first device's mailbox, each place once and without a gap.
      const seqs = (await drain(mailboxes[0]!, first)).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: accepted.one + accepted.two }, (_, index) => index + 1));
    },
  );
});
