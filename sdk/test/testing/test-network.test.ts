import { describe, expect, it } from 'vitest';
import { isSottoError } from '../../src/errors.js';
import { platformScrypt } from '../../src/platform-scrypt.js';
import type { Transport } from '../../src/ports/transport.js';
import { createTestNetwork, manualClock, nextTurn, type TestNetwork } from '../../src/testing/index.js';
import { deriveContactCode, manifestHash } from '../../src/verification/index.js';
import { deviceId, makeProblem, username, wireLimits } from '../../src/wire/index.js';
import { StreamLog, TestClient } from './test-client.js';

const fixedBytes = (length: number, value: number) => new Uint8Array(length).fill(value);

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
  return 'resolved';
}

function makeNetwork() {
  const clock = manualClock();
  const network = createTestNetwork({ seed: 'test network', clock, scrypt: platformScrypt });
  return { clock, network };
}

async function makePair() {
  const { clock, network } = makeNetwork();
  const alice = await TestClient.register(network.transport(), 'alice');
  const bob = await TestClient.register(network.transport(), 'bob');
  const reach = await alice.introduce('bob', network.relay.account('bob')!.contactCode);
  return { clock, network, alice, bob, reach };
}

const open = (client: TestClient) => StreamLog.open(client.transport, async () => client.tokens.accessToken);

async function openOnline(client: TestClient): Promise<StreamLog> {
  const log = await open(client);
  await log.until(({ caughtUpCount }) => caughtUpCount > 0);
  return log;
}

describe('accounts of the test relay', () => {
  it('registers, answers the same request again, and keeps names and ids taken', async () => {
    const { network } = makeNetwork();
    const transport = network.transport();
    const alice = await TestClient.register(transport, 'alice');
    await expect(transport.request('accounts.register', await alice.registration())).resolves.toBeTruthy();
    await alice.upload(await alice.makePreKeys(1));
    const late = transport.request('accounts.register', await alice.registration());
    expect(await codeOf(late)).toBe('username-taken');
    const other = new TestClient(transport, 'alice');
    Object.assign(other.address, { accountId: '00000000-0000-4000-8000-000000000000' });
    expect(await codeOf(transport.request('accounts.register', await other.registration()))).toBe(
      'username-taken',
    );
    const third = new TestClient(transport, 'third');
    Object.assign(third.address, alice.address);
    expect(await codeOf(transport.request('accounts.register', await third.registration()))).toBe(
      'account-id-taken',
    );
  });

  it('refuses statements and manifests that are not signed by their identity key', async () => {
    const { network } = makeNetwork();
    const transport = network.transport();
    const request = await new TestClient(transport, 'alice').registration();
    const statement = { ...request.statement, username: username.parse('mallory') };
    expect(await codeOf(transport.request('accounts.register', { ...request, statement }))).toBe(
      'signature-refused',
    );
    const manifest = { ...request.manifest, version: 2 };
    expect(await codeOf(transport.request('accounts.register', { ...request, manifest }))).toBe(
      'signature-refused',
    );
  });

  it('logs in with name, key and proof, and says the same for whatever does not fit', async () => {
    const { network } = makeNetwork();
    const alice = await TestClient.register(network.transport(), 'alice');
    await expect(alice.login()).resolves.toHaveProperty('accessToken');
    const { transport, address, loginKey } = alice;
    const body = { username: alice.username, loginKey, deviceId: address.deviceId };
    const unknown = await alice.prove('auth.login', { ...body, username: username.parse('nobody') });
    expect(await codeOf(transport.request('auth.login', unknown))).toBe('login-refused');
    const wrong = await alice.prove('auth.login', { ...body, loginKey: fixedBytes(32, 1) });
    expect(await codeOf(transport.request('auth.login', wrong))).toBe('login-refused');
    const proven = await alice.prove('auth.login', body);
    await transport.request('auth.login', proven);
    expect(await codeOf(transport.request('auth.login', proven))).toBe('proof-refused');
  });

  it('deletes an account with everything that opens it, and keeps its name', async () => {
    const { network, alice, bob, reach } = await makePair();
    const stream = await openOnline(bob);
    const request = await bob.prove('accounts.delete', { accountId: bob.address.accountId });
    await bob.transport.request('accounts.delete', request, bob.access);
    await stream.until(({ kinds }) => kinds.at(-1) === 'closed');
    expect(await codeOf(bob.transport.request('keys.status', {}, bob.access))).toBe('unauthorized');
    const again = await new TestClient(bob.transport, 'bob').registration();
    expect(await codeOf(bob.transport.request('accounts.register', again))).toBe('username-taken');
    const connection = await openOnline(alice);
    expect(await codeOf(connection.connection.send(alice.sendRequest(bob, reach, 'hello')))).toBe(
      'introduction-required',
    );
    expect(network.relay.account('bob')).toBeUndefined();
  });
});

describe('tokens of the test relay', () => {
  it('rotates refresh tokens, repeats a lost answer and ends the family on any other reuse', async () => {
    const { network } = makeNetwork();
    const alice = await TestClient.register(network.transport(), 'alice');
    const first = alice.refreshRequest(fixedBytes(16, 1));
    const rotated = await alice.transport.request('auth.refresh', first);
    const repeated = await alice.transport.request('auth.refresh', first);
    expect(repeated.refreshToken).toBe(rotated.refreshToken);
    const reused = alice.refreshRequest(fixedBytes(16, 2));
    expect(await codeOf(alice.transport.request('auth.refresh', reused))).toBe('refresh-refused');
    const successor = alice.refreshRequest(fixedBytes(16, 3), rotated.refreshToken);
    expect(await codeOf(alice.transport.request('auth.refresh', successor))).toBe('refresh-refused');
    const access = { accessToken: rotated.accessToken };
    expect(await codeOf(alice.transport.request('keys.status', {}, access))).toBe('unauthorized');
  });

  it('refuses a refresh that the device did not sign, and leaves the token good', async () => {
    const { network } = makeNetwork();
    const alice = await TestClient.register(network.transport(), 'alice');
    const request = alice.refreshRequest(fixedBytes(16, 1));
    const forged = { ...request, signature: fixedBytes(64, 0) };
    expect(await codeOf(alice.transport.request('auth.refresh', forged))).toBe('refresh-refused');
    await expect(alice.transport.request('auth.refresh', request)).resolves.toBeTruthy();
  });

  it('lets access tokens run out by the clock and ends them at logout', async () => {
    const { clock, network } = makeNetwork();
    const alice = await TestClient.register(network.transport(), 'alice');
    await clock.advance(alice.tokens.accessExpiresInMs);
    expect(await codeOf(alice.transport.request('keys.status', {}, alice.access))).toBe('unauthorized');
    alice.tokens = await alice.login();
    await alice.transport.request('auth.logout', {}, alice.access);
    expect(await codeOf(alice.transport.request('keys.status', {}, alice.access))).toBe('unauthorized');
    const refresh = alice.refreshRequest(fixedBytes(16, 4));
    expect(await codeOf(alice.transport.request('auth.refresh', refresh))).toBe('refresh-refused');
  });
});

describe('keys of the test relay', () => {
  it('answers key by key and hands each one-time key out once, then the last resort', async () => {
    const { alice, bob, reach } = await makePair();
    const keys = await bob.makePreKeys(2);
    const forged = { ...keys.kemOneTime![0]!, id: 3, signature: fixedBytes(64, 0) };
    const uploaded = await bob.upload({ ...keys, kemOneTime: [...keys.kemOneTime!, forged] });
    expect(uploaded.results.filter(({ status }) => status === 'stored')).toHaveLength(6);
    expect(uploaded.results.find(({ id, kind }) => id === 3 && kind === 'kem-one-time')?.status).toBe(
      'invalid',
    );
    const again = await bob.upload(keys);
    expect(new Set(again.results.map(({ status }) => status))).toEqual(new Set(['unchanged']));
    const ask = { accountId: bob.address.accountId, reachToken: reach, deviceIds: [bob.address.deviceId] };
    const bundles = [];
    for (let round = 0; round < 3; round += 1) {
      const { devices } = await alice.transport.request('keys.bundle', ask, alice.access);
      bundles.push(devices[0]!);
    }
    expect(bundles.map(({ oneTimePreKey }) => oneTimePreKey?.id)).toEqual([1, 2, undefined]);
    expect(bundles.map(({ kemPreKey }) => kemPreKey.id)).toEqual([1, 2, 9_999]);
    expect(bundles.map(({ kemLastResort }) => kemLastResort)).toEqual([false, false, true]);
    const late = await bob.upload({ oneTime: keys.oneTime!.slice(0, 1) });
    expect(late.results[0]?.status).toBe('conflict');
  });

  it('gives bundles only to whom was introduced, and only of complete devices', async () => {
    const { clock, alice, bob, reach } = await makePair();
    const ask = { accountId: bob.address.accountId, reachToken: reach, deviceIds: [bob.address.deviceId] };
    const bundle = (reachToken: string, client = alice) =>
      client.transport.request('keys.bundle', { ...ask, reachToken }, client.access);
    expect(await codeOf(bundle(reach))).toBe('keys-missing');
    await bob.upload(await bob.makePreKeys(1));
    expect(await codeOf(bundle('made up'))).toBe('introduction-required');
    expect(await codeOf(bundle(reach, bob))).toBe('introduction-required');
    await clock.advance(10 * 60_000);
    alice.tokens = await alice.login();
    expect(await codeOf(bundle(reach))).toBe('introduction-required');
  });

  it('needs a signature over the very keys, under a nonce that is used once', async () => {
    const { alice } = await makePair();
    const keys = await alice.makePreKeys(1);
    const request = await alice.prove('keys.upload', { keys });
    const other = { ...request, keys: { oneTime: keys.oneTime! } };
    expect(await codeOf(alice.transport.request('keys.upload', other, alice.access))).toBe('proof-refused');
    expect(await codeOf(alice.transport.request('keys.upload', request, alice.access))).toBe('proof-refused');
  });

  it('tells a connected device that its keys run low', async () => {
    const { alice, bob, reach } = await makePair();
    await bob.upload(await bob.makePreKeys(20));
    const stream = await openOnline(bob);
    const ask = { accountId: bob.address.accountId, reachToken: reach, deviceIds: [bob.address.deviceId] };
    await alice.transport.request('keys.bundle', ask, alice.access);
    await stream.until(({ keysLowCount }) => keysLowCount === 1);
  });
});

describe('sends through the test relay', () => {
  it('delivers what waited, says caught-up, then what comes, in order, until it is acknowledged', async () => {
    const { network, alice, bob, reach } = await makePair();
    const sender = await openOnline(alice);
    for (const text of ['1', '2']) await sender.connection.send(alice.sendRequest(bob, reach, text));
    const receiver = await openOnline(bob);
    expect(receiver.texts).toEqual(['1', '2']);
    expect(receiver.received[0]?.sender).toEqual(alice.address);
    await sender.connection.send(alice.sendRequest(bob, reach, '3'));
    await receiver.until(({ received }) => received.length === 3);
    expect(receiver.texts).toEqual(['1', '2', '3']);
    await receiver.acknowledge(2);
    expect(network.relay.waiting(bob.address)).toHaveLength(1);
    network.relay.cut(bob.address);
    await receiver.until(({ kinds }) => kinds.at(-1) === 'offline');
  });

  it('accepts one attempt once, whatever changed since, and refuses other bytes under its id', async () => {
    const { clock, network, alice, bob, reach } = await makePair();
    const sender = await openOnline(alice);
    const request = alice.sendRequest(bob, reach, 'once');
    const accepted = await sender.connection.send(request);
    await clock.advance(60 * 60_000);
    const repeated = await sender.connection.send(request);
    expect(repeated).toMatchObject({
      kind: 'accepted',
      acceptedAt: (accepted as { acceptedAt: number }).acceptedAt,
    });
    expect(network.relay.waiting(bob.address)).toHaveLength(1);
    const other = alice.sendRequest(bob, reach, 'twice', request.attemptId);
    expect(await codeOf(sender.connection.send(other))).toBe('idempotency-conflict');
  });

  it('answers a wrong device set with what is wrong, and consumes nothing', async () => {
    const { network, alice, bob, reach } = await makePair();
    const second = {
      ...bob.manifest.devices[0]!,
      deviceId: deviceId.parse(2),
      registrationId: 78,
    };
    const next = await bob.signManifest({
      ...bob.manifest,
      version: 2,
      previousHash: manifestHash(bob.manifest) as Uint8Array<ArrayBuffer>,
      devices: [...bob.manifest.devices, second],
    });
    network.relay.replaceManifest(next);
    const sender = await openOnline(alice);
    const request = alice.sendRequest(bob, reach, 'hello');
    const [body] = request.bodies;
    expect(await sender.connection.send(request)).toEqual({
      kind: 'device-mismatch',
      missing: [2],
      extra: [],
      stale: [],
    });
    const three = [body!, { ...body!, deviceId: second.deviceId }, { ...body!, deviceId: deviceId.parse(3) }];
    expect(await sender.connection.send({ ...request, bodies: three })).toEqual({
      kind: 'device-mismatch',
      missing: [],
      extra: [3],
      stale: [2],
    });
    const right = [body!, { ...body!, deviceId: second.deviceId, registrationId: 78 }];
    expect(await sender.connection.send({ ...request, bodies: right })).toMatchObject({ kind: 'accepted' });
    expect(network.relay.waiting({ ...bob.address, deviceId: second.deviceId })).toHaveLength(1);
  });

  it('keeps more than a window in the mailbox until earlier ones are acknowledged', async () => {
    const { alice, bob, reach } = await makePair();
    const sender = await openOnline(alice);
    const count = wireLimits.maxEnvelopesInFlight + 10;
    for (let index = 0; index < count; index += 1) {
      await sender.connection.send(alice.sendRequest(bob, reach, String(index)));
    }
    const receiver = await open(bob);
    await receiver.until(({ received }) => received.length === wireLimits.maxEnvelopesInFlight);
    await nextTurn();
    expect(receiver.received).toHaveLength(wireLimits.maxEnvelopesInFlight);
    expect(receiver.caughtUpCount).toBe(0);
    expect(Math.max(...receiver.pages)).toBe(wireLimits.maxEnvelopesPerPage);
    await receiver.acknowledge(10);
    await receiver.until(({ caughtUpCount }) => caughtUpCount === 1);
    expect(receiver.texts).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });

  it('forgets envelopes after thirty days', async () => {
    const { clock, network, alice, bob, reach } = await makePair();
    const sender = await openOnline(alice);
    await sender.connection.send(alice.sendRequest(bob, reach, 'old'));
    clock.jump(wireLimits.mailboxTtlMs + 1);
    expect(network.relay.waiting(bob.address)).toHaveLength(0);
  });
});

describe('connections to the test relay', () => {
  it('lets the newest connection of a device win', async () => {
    const { network, alice } = await makePair();
    const older = await openOnline(alice);
    const newer = await StreamLog.open(network.transport(), async () => alice.tokens.accessToken);
    await newer.until(({ kinds }) => kinds.at(-1) === 'online');
    await older.until(({ kinds }) => kinds.at(-1) === 'replaced');
    expect(network.relay.connected()).toEqual([alice.address]);
  });

  it('cuts one transport off and lets it back in', async () => {
    const { clock, network, alice } = await makePair();
    const stream = await openOnline(alice);
    network.unplug(alice.transport);
    await stream.until(({ kinds }) => kinds.at(-1) === 'offline');
    expect(await codeOf(alice.transport.request('relay.info', {}))).toBe('offline');
    network.plug(alice.transport);
    while (stream.states.at(-1)?.kind !== 'online') await clock.advanceToNext();
  });
});

describe('a hostile or unlucky test relay', () => {
  const hello = async (network: TestNetwork, transport: Transport) =>
    codeOf(transport.request('relay.info', {}).then(() => network));

  it('refuses, loses and rewrites what a test tells it to', async () => {
    const { clock, network } = makeNetwork();
    const transport = network.transport();
    network.relay.tamper = { refuse: () => makeProblem('rate-limited', { retryAfterMs: 7 }) };
    await expect(transport.request('relay.info', {})).rejects.toMatchObject({
      code: 'rate-limited',
      details: { retryAfterMs: 7 },
    });
    network.relay.tamper = { loseRequest: () => 'disconnect' };
    expect(await hello(network, transport)).toBe('offline');
    network.relay.tamper = { loseReply: () => 'silence' };
    const silent = hello(network, transport);
    await clock.advance(60_000);
    expect(await silent).toBe('request-timeout');
    const relayId = '00000000-0000-4000-8000-000000000000';
    network.relay.tamper = { responses: { 'relay.info': (honest) => ({ ...honest, relayId }) } };
    expect(await transport.request('relay.info', {})).toMatchObject({ relayId });
    network.relay.tamper = { rawResponse: () => ({ relayId: 7 }) };
    expect(await hello(network, transport)).toBe('invalid-response');
    network.relay.tamper = {};
    expect(await hello(network, transport)).toBe('resolved');
  });

  it('acts, then loses the reply of a send together with the connection', async () => {
    const { clock, network, alice, bob, reach } = await makePair();
    const sender = await openOnline(alice);
    const request = alice.sendRequest(bob, reach, 'lost reply');
    network.relay.tamper = {
      loseReply: ({ operation }) => (operation === 'send' ? 'disconnect' : undefined),
    };
    expect(await codeOf(sender.connection.send(request))).toBe('offline');
    network.relay.tamper = {};
    while (sender.states.at(-1)?.kind !== 'online') await clock.advanceToNext();
    await sender.connection.send(request);
    expect(network.relay.waiting(bob.address)).toHaveLength(1);
  });

  it('drops, repeats, reorders and rewrites envelopes, and says what is no event', async () => {
    const { network, alice, bob, reach } = await makePair();
    const sender = await openOnline(alice);
    for (const text of ['1', '2', '3']) await sender.connection.send(alice.sendRequest(bob, reach, text));
    network.relay.tamper = {
      envelopes: (page) => [page[2]!, page[0]!, page[0]!],
      push: (push) => (push.name === 'envelopes' ? [{ name: 'envelopes', payload: null }, push] : [push]),
    };
    const receiver = await openOnline(bob);
    expect(receiver.texts).toEqual(['3', '1', '1']);
  });

  it('derives the same codes with its own scrypt as with the platform’s', async () => {
    const own = createTestNetwork();
    const alice = await TestClient.register(own.transport(), 'alice');
    const { identityKey } = own.relay.account('alice')!.statement;
    const expected = await deriveContactCode({ identityKey, username: 'alice' }, platformScrypt);
    expect(own.relay.account('alice')!.contactCode).toBe(expected);
    await expect(alice.transport.request('keys.status', {}, alice.access)).resolves.toBeTruthy();
  });

  it('repeats itself from a seed', async () => {
    const run = async () => {
      const { alice, bob, reach } = await makePair();
      const sender = await openOnline(alice);
      const receiver = await openOnline(bob);
      const accepted = await sender.connection.send(alice.sendRequest(bob, reach, 'x'));
      await receiver.until(({ received }) => received.length === 1);
      return { accepted, reach, id: receiver.received[0]?.id };
    };
    expect(await run()).toEqual(await run());
  });
});
