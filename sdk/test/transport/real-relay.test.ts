/** The socket-io transport against the relay itself. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRelay, openPGliteDatabase, type Database, type Relay } from '@sotto/relay';
import { isSottoError } from '../../src/errors.js';
import type { Transport } from '../../src/ports/transport.js';
import { socketIoTransport } from '../../src/transport/socket-io/index.js';
import { deriveContactCode } from '../../src/verification/index.js';
import { StreamLog, TestClient } from '../testing/test-client.js';

let relay: Relay;
let database: Database;
const transports: Transport[] = [];

beforeAll(async () => {
  database = await openPGliteDatabase();
  relay = await createRelay({ port: 0, limitFactor: 10_000, logLevel: 'silent' }, { database });
});
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close();
});
afterAll(async () => {
  await relay.close();
  await database.close();
});

function newTransport(): Transport {
  const transport = socketIoTransport({ url: relay.url });
  transports.push(transport);
  return transport;
}

async function online(client: TestClient, transport = client.transport): Promise<StreamLog> {
  const stream = await StreamLog.open(transport, async () => client.tokens.accessToken);
  await stream.until(({ caughtUpCount }) => caughtUpCount > 0);
  return stream;
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'resolved',
    (error: unknown) => (isSottoError(error) ? error.code : 'other'),
  );
}

describe('the socket-io transport and the relay', () => {
  it('carry registration, keys, a code, a bundle, a send and its acknowledgement', async () => {
    const alice = await TestClient.register(newTransport(), 'alice');
    const bob = await TestClient.register(newTransport(), 'bob');
    const uploaded = await bob.upload(await bob.makePreKeys(3));
    expect(uploaded.status).toMatchObject({ oneTime: 3, kemOneTime: 3 });
    const identityKey = bob.identity.publicKey;
    const reach = await alice.introduce('bob', await deriveContactCode({ identityKey, username: 'bob' }));
    const { accountId, deviceId } = bob.address;
    const ask = { accountId, reachToken: reach, deviceIds: [deviceId] };
    const { devices } = await alice.transport.request('keys.bundle', ask, alice.access);
    expect(devices[0]?.oneTimePreKey?.publicKey).toBeInstanceOf(Uint8Array);

    const sender = await online(alice);
    const request = alice.sendRequest(bob, reach, 'waited');
    const accepted = await sender.connection.send(request);
    expect(await sender.connection.send(request)).toMatchObject({
      kind: 'accepted',
      acceptedAt: accepted.kind === 'accepted' && accepted.acceptedAt,
    });
    const receiver = await online(bob);
    expect(receiver.texts).toEqual(['waited']);
    await sender.connection.send(alice.sendRequest(bob, reach, 'live'));
    await receiver.until(({ received }) => received.length === 2);
    expect(receiver.texts).toEqual(['waited', 'live']);
    await receiver.connection.acknowledge({ ids: receiver.received.map(({ id }) => id), storeSeq: 0 });
    await receiver.connection.close();
    expect((await online(bob)).received).toEqual([]);
  });

  it('tell problems, a replaced connection, a refused token and a logout', async () => {
    const carol = await TestClient.register(newTransport(), 'carol');
    expect(await codeOf(carol.transport.request('keys.status', {}, { accessToken: 'x.y.z' }))).toBe(
      'unauthorized',
    );
    const older = await online(carol);
    const newer = await online(carol, newTransport());
    await older.until(({ kinds }) => kinds.at(-1) === 'replaced');
    const made = await codeOf(newer.connection.send(carol.sendRequest(carol, 'made up', 'x')));
    expect(made).toBe('introduction-required');

    const refused = await StreamLog.open(newTransport(), async (again) =>
      again ? carol.tokens.accessToken : 'x.y.z',
    );
    await refused.until(({ kinds }) => kinds.at(-1) === 'online');
    expect(refused.tokenRequests).toEqual([false, true]);
    await carol.transport.request('auth.logout', {}, carol.access);
    await refused.until(({ kinds }) => kinds.at(-1) === 'closed');
  });
});
