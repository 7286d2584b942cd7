import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { deriveContactCode } from '@sotto/sdk/verification';
import type { DeviceId } from '@sotto/sdk/wire';
import { io, type Socket } from 'socket.io-client';
import { socketPath } from '../../src/gateway/gateway.js';
import { relayLimits } from '../../src/relay-limits.js';
import { Person, bytes } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

describe('live connections, as the duties behind HTTP move them', () => {
  let test: TestRelay;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    test = await startTestRelay();
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  afterAll(() => test.close());

  async function connect(accessToken: string): Promise<Socket> {
    const socket = io(test.relay.url, {
      path: socketPath,
      transports: ['websocket'],
      auth: { protocol: 1, accessToken },
      reconnection: false,
      forceNew: true,
    });
    sockets.push(socket);
    await once(socket as never, 'ready');
    return socket;
  }

  async function register() {
    const person = new Person();
    const tokens = await test.client.register(person);
    return { person, tokens, socket: await connect(tokens.accessToken) };
  }

  const goodbyeOf = async (socket: Socket) => ((await once(socket as never, 'goodbye')) as unknown[])[0];

  it('end with a logout', async () => {
    const { tokens, socket } = await register();
    const goodbye = goodbyeOf(socket);
    await test.client.ok('auth.logout', {}, tokens.accessToken);
    expect(await goodbye).toEqual({ reason: 'signed-out' });
  });

  it('end with the account', async () => {
    const { person, tokens, socket } = await register();
    const goodbye = goodbyeOf(socket);
    await test.client.proven(person, 'accounts.delete', { accountId: person.accountId }, tokens.accessToken);
    expect(await goodbye).toEqual({ reason: 'signed-out' });
  });

  it('end when a spent refresh token shows that two hold it', async () => {
    const { person, tokens, socket } = await register();
    await test.client.ok('auth.refresh', person.refresh(tokens.refreshToken));
    const goodbye = goodbyeOf(socket);
    const stolen = { ...person.refresh(tokens.refreshToken), signature: bytes(64) };
    expect((await test.client.call('auth.refresh', stolen)).problem?.code).toBe('refresh-refused');
    expect(await goodbye).toEqual({ reason: 'signed-out' });
  });

  it('tell the owner when the stock of keys falls below its mark, and not before', async () => {
    const { person: owner, tokens, socket } = await register();
    const asker = await register();
    const { lowKeyStock } = relayLimits;
    await test.client.proven(owner, 'keys.upload', { keys: owner.keys(lowKeyStock + 1) }, tokens.accessToken);
    const { username, identityKey, accountId } = owner;
    const code = await deriveContactCode({ username, identityKey });
    const token = asker.tokens.accessToken;
    const { introductionToken: reachToken } = await test.client.ok(
      'contacts.resolve',
      { username, code },
      token,
    );
    let notices = 0;
    socket.on('keys-low', () => (notices += 1));
    const ask = () =>
      test.client.ok('keys.bundle', { accountId, reachToken, deviceIds: [1 as DeviceId] }, token);
    await ask();
    // A round trip on the same socket comes after everything that was said before it.
    await roundTrip(socket);
    expect(notices).toBe(0);
    const notice = once(socket as never, 'keys-low');
    await ask();
    await notice;
    expect(notices).toBe(1);
  });

  async function roundTrip(socket: Socket): Promise<void> {
    const reply: unknown = await socket.emitWithAck('acknowledge', { ids: [] });
    expect(reply).toMatchObject({ ok: false, problem: { code: 'invalid-request' } });
  }
});

it('tells connected devices that the relay drains', async () => {
  const test = await startTestRelay();
  const { accessToken } = await test.client.register(new Person());
  const socket = io(test.relay.url, {
    path: socketPath,
    transports: ['websocket'],
    auth: { protocol: 1, accessToken },
    reconnection: false,
  });
  await once(socket as never, 'ready');
  const goodbye = once(socket as never, 'goodbye');
  await test.close();
  expect(await goodbye).toEqual([{ reason: 'draining' }]);
  socket.disconnect();
});
