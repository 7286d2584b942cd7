/** Three nodes on one PostgreSQL and one Redis: they are one relay, also while Redis is away. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { ledgerRedisKeys } from '@sotto/sdk/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../protocol-suite/device.js';
import type { LiveConnection } from '../../protocol-suite/live.js';
import { World } from '../../protocol-suite/world.js';
import { createRelay, type Relay } from '../../src/relay.js';
import { bytes, Person } from '../support/people.js';
import { RelayClient } from '../support/relay-client.js';
import { startPostgres, type PostgresService } from './postgres-service.js';
import { startRedis, type RedisService } from './redis-service.js';
import { waitFor } from '../support/wait-for.js';

/** What Redis says to one command in its text protocol; enough for lists of short texts. */
async function askRedis(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.end(`${command}\r\n`));
  let answer = '';
  socket.on('data', (data) => (answer += String(data)));
  await once(socket, 'close');
  return answer;
}

describe('three nodes on one PostgreSQL and one Redis', () => {
  let postgres: PostgresService;
  let redis: RedisService;
  let nodes: Relay[];
  let clients: RelayClient[];
  let worlds: World[];
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const config = {
      port: 0,
      databaseUrl: await postgres.createDatabase(),
      redisUrl: redis.url,
      secret: bytes(32),
      limitFactor: 10_000,
      logLevel: 'silent',
    } as const;
    // All find an empty database at once.
    nodes = await Promise.all([createRelay(config), createRelay(config), createRelay(config)]);
    clients = nodes.map(({ url }) => new RelayClient(url));
    worlds = nodes.map(
      ({ url }) =>
        new World(
          () => url,
          () => {},
        ),
    );
  });
  afterAll(async () => {
    for (const world of worlds) world.close();
    await Promise.all(nodes.map((node) => node.close()));
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  const readiness = async (node: number) =>
    ((await clients[node]!.raw('/readyz')).value as { status: string } | undefined)?.status;
  const allAre = (status: string) =>
    waitFor(`all nodes to be ${status}`, async () => {
      const all = await Promise.all(nodes.map((_, index) => readiness(index)));
      return all.every((one) => one === status);
    });
  /** Two people, connected to different nodes. */
  async function pair(): Promise<{
    from: Device;
    to: Device;
    sender: LiveConnection;
    receiver: LiveConnection;
  }> {
    const [from, to] = [await worlds[0]!.newcomer(), await worlds[0]!.newcomer()];
    const [sender, receiver] = [await worlds[1]!.connect(from), await worlds[2]!.connect(to)];
    return { from, to, sender, receiver };
  }

  it('are one relay: one id, and each takes the tokens, nonces and accounts of the others', async () => {
    const [first, second] = clients as [RelayClient, RelayClient];
    expect(new Set(nodes.map(({ relayId }) => relayId)).size).toBe(1);
    const person = new Person();
    const { accessToken, refreshToken } = await first.register(person);
    await second.ok('keys.status', {}, accessToken);
    await second.ok('auth.refresh', person.refresh(refreshToken));
    const keys = { oneTime: [person.ecKey(1)] };
    const proof = person.prove('keys.upload', { keys }, await first.nonce());
    await second.ok('keys.upload', { keys, proof }, accessToken);
    expect((await first.ok('keys.status', {}, accessToken)).oneTime).toBe(1);
  });

  it('give one successor to the same refresh, sent 50 times to all of them at once', async () => {
    const person = new Person();
    const { refreshToken } = await clients[0]!.register(person);
    const request = person.refresh(refreshToken);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => clients[index % 3]!.ok('auth.refresh', request)),
    );
    const successors = new Set(answers.map((answer) => answer.refreshToken));
    expect(successors.size).toBe(1);
    await clients[1]!.ok('auth.refresh', person.refresh(answers[0]!.refreshToken));
  });

  it('end a family everywhere when a thief spends its token once more', async () => {
    const device = await worlds[0]!.newcomer();
    const live = await worlds[2]!.connect(device);
    const stolen = device.tokens.refreshToken;
    const next = await clients[0]!.ok('auth.refresh', device.refreshRequest());
    expect((await clients[1]!.call('auth.refresh', device.refreshRequest(stolen))).problem?.code).toBe(
      'refresh-refused',
    );
    await live.heard('goodbye');
    expect(live.goodbye).toEqual({ reason: 'signed-out' });
    for (const client of clients) {
      const late = await client.call('auth.refresh', device.refreshRequest(next.refreshToken));
      expect(late.problem?.code).toBe('refresh-refused');
    }
  });

  it('hand out 100 one-time keys to 200 claims at once: each key to one, the last resort to the others', async () => {
    const target = await worlds[0]!.person(100);
    const askers = await Promise.all([0, 1, 2].map((node) => worlds[node]!.newcomer()));
    const requests = await Promise.all(
      askers.map(async (asker) => ({
        accountId: target.accountId,
        reachToken: await worlds[0]!.introduction(asker, target),
        deviceIds: [target.deviceId],
      })),
    );
    const bundles = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const node = index % 3;
        return clients[node]!.ok('keys.bundle', requests[node] as never, askers[node]!.accessToken);
      }),
    );
    const claimed = bundles.map(({ devices }) => devices[0]!);
    const oneTime = claimed.flatMap(({ oneTimePreKey }) => (oneTimePreKey ? [oneTimePreKey.id] : []));
    expect(oneTime).toHaveLength(100);
    expect(new Set(oneTime).size).toBe(100);
    const kem = claimed.filter(({ kemLastResort }) => !kemLastResort).map(({ kemPreKey }) => kemPreKey.id);
    expect(kem).toHaveLength(100);
    expect(new Set(kem).size).toBe(100);
  });

  it('let the newest connection of a device win, wherever the older one is', async () => {
    const device = await worlds[0]!.newcomer();
    const older = await worlds[0]!.connect(device);
    const newer = await worlds[1]!.connect(device);
    await older.heard('disconnect');
    expect(older.goodbye).toEqual({ reason: 'replaced' });
    const newest = await worlds[0]!.connect(device);
    await newer.heard('disconnect');
    expect(newer.goodbye).toEqual({ reason: 'replaced' });
    expect(newest.connected).toBe(true);
  });

  it('deliver to another node, large envelopes too, and follow a device that moves', async () => {
    const { from, to, sender, receiver } = await pair();
    await sender.mustSend(await worlds[0]!.sendRequest(from, to));
    await sender.mustSend(await worlds[0]!.sendRequest(from, to, [to.body({ ciphertext: bytes(40_000) })]));
    await receiver.receivedCount(2);
    await receiver.acknowledge(receiver.received.map(({ id }) => id));
    // The sender's node remembers where the device was.
    const moved = await worlds[0]!.connect(to);
    await sender.mustSend(await worlds[0]!.sendRequest(from, to));
    await moved.receivedCount(1);
  });

  it('keep in Redis what the ledger names, for minutes, and no name and no address', async () => {
    const { to } = await pair();
    const answer = await askRedis(redis.port, 'KEYS *');
    const keys = answer.split('\r\n').filter((line) => line.startsWith('sotto:'));
    const patterns = new Set(keys.map((key) => key.replace(/\{.*\}/, '{*}')));
    expect(keys.length).toBeGreaterThan(2);
    for (const pattern of patterns) expect(Object.keys(ledgerRedisKeys)).toContain(pattern);
    expect(keys.join()).toContain(to.accountId);
    expect(keys.join()).not.toMatch(/127\.0\.0\.1/);
    expect(keys.join()).not.toContain(to.username);
    for (const key of keys) expect(await askRedis(redis.port, `TTL ${key}`)).toMatch(/^:(?:\d+|-2)\r\n/);
  });

  for (const [what, lose, restore] of [
    ['is killed', () => redis.kill(), () => redis.restart()],
    ['is frozen', async () => redis.signal('SIGSTOP'), async () => redis.signal('SIGCONT')],
  ] as const) {
    it(`deliver while Redis ${what}, say so, and heal by themselves`, async () => {
      const { from, to, sender, receiver } = await pair();
      const request = () => worlds[0]!.sendRequest(from, to);
      await sender.mustSend(await request());
      await receiver.receivedCount(1);
      const next = await request();
      await lose();
      try {
        // Accepted, and delivered as soon as the nodes look for themselves.
        await sender.mustSend(next);
        await receiver.receivedCount(2);
        await allAre('degraded');
        // A limit that fails closed.
        const late = await worlds[0]!.newcomer().catch((error: unknown) => error);
        expect(String(late)).toContain('unavailable');
      } finally {
        await restore();
      }
      await allAre('ready');
      await sender.mustSend(await request());
      await receiver.receivedCount(3);
      const newer = await worlds[1]!.connect(to);
      await receiver.heard('goodbye');
      expect(receiver.goodbye).toEqual({ reason: 'replaced' });
      expect(newer.ciphertexts).toEqual(receiver.ciphertexts);
    });
  }
});
