/**
 * Nodes whose Redis, for what they share and for mailboxes, is a cluster: it refuses a command or a script that
 * touches keys of two slots, so whatever works here has what belongs together on one shard.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../protocol-suite/world.js';
import { createRelay, type Relay } from '../../src/relay.js';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import { redisMailboxOver } from '../mailbox/database-under-test.js';
import { mailboxSuite } from '../mailbox/mailbox-suite.js';
import { bytes } from '../support/people.js';
import { startPostgres, type PostgresService } from './postgres-service.js';
import { startRedis, type RedisService } from './redis-service.js';

let postgres: PostgresService;
let redis: RedisService;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis({ cluster: true })]);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});

mailboxSuite('Redis, a cluster', async () => {
  const database = openPostgresDatabase(await postgres.createDatabase(), { maxConnections: 12 });
  return redisMailboxOver(database, redis.url);
});

describe('nodes on a Redis that is a cluster', () => {
  let nodes: Relay[];
  let worlds: World[];
  beforeAll(async () => {
    const config = {
      port: 0,
      databaseUrl: await postgres.createDatabase(),
      redisUrl: redis.url,
      mailboxRedisUrl: redis.url,
      secret: bytes(32),
      limitFactor: 10_000,
      logLevel: 'silent',
    } as const;
    nodes = await Promise.all([createRelay(config), createRelay(config)]);
    const worldOf = ({ url }: Relay) => {
      const urlOf = () => url;
      return new World(urlOf, () => {});
    };
    worlds = nodes.map(worldOf);
  });
  afterAll(async () => {
    for (const world of worlds) world.close();
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('deliver, acknowledge, accept an attempt once, and let the newest connection win', async () => {
    const [here, there] = worlds as [World, World];
    // Counted by limits that fail closed.
    const [from, to] = [await here.newcomer(), await here.newcomer()];
    const [sender, receiver] = [await here.connect(from), await there.connect(to)];
    const request = await here.sendRequest(from, to);
    for (let time = 0; time < 2; time += 1) await sender.mustSend(request);
    await sender.mustSend(await here.sendRequest(from, to));
    await receiver.receivedCount(2);
    await receiver.acknowledge(receiver.received.map(({ id }) => id));
    await sender.mustSend(await here.sendRequest(from, to));
    const newer = await here.connect(to);
    await receiver.heard('goodbye');
    expect(receiver.goodbye).toEqual({ reason: 'replaced' });
    expect(newer.ciphertexts).toEqual(receiver.ciphertexts.slice(2));
    expect(newer.ciphertexts).toHaveLength(1);
  });
});
