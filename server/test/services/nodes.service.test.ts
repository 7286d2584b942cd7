import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelay, type Relay } from '../../src/relay.js';
import { Person, bytes } from '../support/people.js';
import { RelayClient } from '../support/relay-client.js';
import { startPostgres, type PostgresService } from './postgres-service.js';

describe('two nodes on one PostgreSQL', () => {
  let service: PostgresService;
  let nodes: Relay[];
  let clients: RelayClient[];
  beforeAll(async () => {
    service = await startPostgres();
    const config = {
      port: 0,
      databaseUrl: await service.createDatabase(),
      secret: bytes(32),
      limitFactor: 10_000,
      logLevel: 'silent',
    } as const;
    // Both find an empty database at once.
    nodes = await Promise.all([createRelay(config), createRelay(config)]);
    clients = nodes.map(({ url }) => new RelayClient(url));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await service.stop();
  });

  it('are one relay: one id, and each takes the tokens, nonces and accounts of the other', async () => {
    const [first, second] = clients as [RelayClient, RelayClient];
    expect(nodes[0]!.relayId).toBe(nodes[1]!.relayId);
    const person = new Person();
    const { accessToken, refreshToken } = await first.register(person);
    await second.ok('keys.status', {}, accessToken);
    await second.ok('auth.refresh', person.refresh(refreshToken));
    const keys = { oneTime: [person.ecKey(1)] };
    const proof = person.prove('keys.upload', { keys }, await first.nonce());
    await second.ok('keys.upload', { keys, proof }, accessToken);
    expect((await first.ok('keys.status', {}, accessToken)).oneTime).toBe(1);
  });

  it('give one successor to the same refresh sent to both at once, 25 times each', async () => {
    const person = new Person();
    const { refreshToken } = await clients[0]!.register(person);
    const request = person.refresh(refreshToken);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => clients[index % 2]!.ok('auth.refresh', request)),
    );
    const successors = new Set(answers.map((answer) => answer.refreshToken));
    expect(successors.size).toBe(1);
    await clients[1]!.ok('auth.refresh', person.refresh(answers[0]!.refreshToken));
  });
});
