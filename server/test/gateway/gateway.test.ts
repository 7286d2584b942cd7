import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sendResponse, socketReply, wireLimits, type DeviceAddress } from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import { refusedHandshake } from '../../protocol-suite/live.js';
import { bytes, closeSharedDatabase, GatewayUnderTest, type TestClient } from './gateway-under-test.js';

describe('gateway', () => {
  let relay: GatewayUnderTest;
  let alice: DeviceAddress;
  let bob: DeviceAddress;
  beforeAll(async () => {
    relay = await GatewayUnderTest.open();
  });
  afterAll(async () => {
    await relay.close();
    await closeSharedDatabase();
  });
  beforeEach(async () => {
    alice = await relay.addDevice();
    bob = await relay.addDevice();
  });

  describe('handshake', () => {
    const refusal = async (auth: unknown) => {
      const socket = relay.socket(auth);
      const error = new Promise<{ data?: { code?: string } }>((resolve) =>
        socket.on('connect_error', resolve),
      );
      socket.connect();
      return (await error).data;
    };

    it('greets with the relay’s time, then says that the mailbox is empty', async () => {
      const client = await relay.connected(alice);
      expect(client.log).toEqual(['connect', 'ready', 'caught-up']);
      client.socket.disconnect();
    });

    it.each([
      ['no auth', undefined],
      ['no token', { protocol: 1 }],
      ['another protocol', { protocol: 2, accessToken: 'x' }],
      ['an unknown member', { protocol: 1, accessToken: 'x', more: 1 }],
      ['a token that is no text', { protocol: 1, accessToken: { length: 3 } }],
    ])('refuses %s as invalid-request', async (_, auth) => {
      expect(await refusal(auth)).toMatchObject({ code: 'invalid-request', status: 400 });
    });

    it('refuses a token that is not good, and one that has expired', async () => {
      expect(await refusal({ protocol: 1, accessToken: 'x.y.z' })).toMatchObject({ code: 'unauthorized' });
      const accessToken = await relay.issueToken(alice);
      relay.now = () => Date.now() + 3_600_000;
      expect(await refusal({ protocol: 1, accessToken })).toMatchObject({ code: 'unauthorized' });
      relay.now = () => Date.now();
    });

    it('ends the websocket of who was refused', async () => {
      const socket = relay.socket({ protocol: 1, accessToken: 'x' }, { forceNew: true });
      const closed = new Promise((resolve) => socket.io.on('close', resolve));
      socket.connect();
      await closed;
    });

    it('counts connections per account and tells how long to wait', async () => {
      const strict = await GatewayUnderTest.open({ limitFactor: 1 });
      const device = await strict.addDevice();
      const clients: TestClient[] = [];
      for (let count = 0; count < 10; count += 1) clients.push(await strict.connected(device));
      const socket = strict.socket({ protocol: 1, accessToken: await strict.issueToken(device) });
      const error = new Promise((resolve) => socket.on('connect_error', resolve));
      socket.connect();
      expect(await error).toMatchObject({ data: { code: 'rate-limited', retryAfterMs: expect.any(Number) } });
      await strict.close();
    });

    it('takes no more connections than its maximum', async () => {
      const small = await GatewayUnderTest.open({ bounds: { maxConnections: 1 } });
      await small.connected(await small.addDevice());
      const refused = await small.client(await small.addDevice());
      await refused.heard('connect_error');
      await small.close();
    });

    it('ends a connection whose family was revoked while it connected', async () => {
      const strict = await GatewayUnderTest.open();
      const device = await strict.addDevice();
      const verifiedOnce = strict.revoked;
      let asked = 0;
      verifiedOnce.has = () => (asked += 1) > 1;
      const client = await strict.client(device);
      await client.heard('disconnect');
      expect(client.goodbye).toEqual({ reason: 'signed-out' });
      expect(client.log).not.toContain('ready');
      await strict.close();
    });

    it('turns away who cannot be looked up in time', async () => {
      const slow = await GatewayUnderTest.open({ bounds: { handshakeTimeoutMs: 50 } });
      const auth = { protocol: 1, accessToken: await slow.issueToken(await slow.addDevice()) };
      slow.verified = () => new Promise(() => {});
      expect(await refusedHandshake(slow.url, auth)).toMatchObject({
        ...{ code: 'unavailable', retryAfterMs: 1_000 },
      });
      await slow.close();
    });

    it.each([
      ['fails', () => Promise.reject(Object.assign(new Error('away'), { code: '57P01' }))],
      ['takes too long', () => new Promise<void>(() => {})],
    ])('tells nobody to be signed out when the second look at the token %s', async (_how, secondLook) => {
      const shaky = await GatewayUnderTest.open({ bounds: { handshakeTimeoutMs: 200 } });
      const device = await shaky.addDevice();
      let asked = 0;
      shaky.verified = () => ((asked += 1) === 2 ? secondLook() : Promise.resolve());
      const client = await shaky.client(device);
      await client.heard('disconnect');
      expect(client.goodbye).toBeUndefined();
      expect(client.log).not.toContain('ready');
      await shaky.connected(device);
      await shaky.close();
    });
  });

  describe('sending and receiving', () => {
    it('delivers to a live connection and answers with a delivery token', async () => {
      const [from, to] = [await relay.connected(alice), await relay.connected(bob)];
      const request = await relay.request(alice, bob);
      const answer = await from.ask('send', request);
      expect(z.safeParse(socketReply(sendResponse), answer).success).toBe(true);
      expect(answer).toMatchObject({ ok: true, response: { kind: 'accepted' } });
      await to.heard('envelopes');
      expect(to.received).toEqual([
        {
          id: expect.any(String),
          sender: alice,
          kind: 'message',
          ciphertext: Buffer.from(request.bodies[0]!.ciphertext),
          acceptedAt: answer.response.acceptedAt,
        },
      ]);
      relay.reach.verify(answer.response.deliveryToken, alice.accountId, bob.accountId);
    });

    it('keeps the order from backfill over the cutover to live, each once', async () => {
      const sent: string[] = [];
      for (let count = 0; count < 150; count += 1) sent.push(await relay.put(alice, bob));
      const from = await relay.connected(alice);
      const to = await relay.client(bob);
      const answers: Promise<unknown>[] = [];
      // Sends while the backfill runs: whatever falls before, into and after the cutover.
      for (let count = 0; count < 150; count += 1) {
        const request = await relay.request(alice, bob);
        sent.push(Buffer.from(request.bodies[0]!.ciphertext).toString('hex'));
        answers.push(from.ask('send', request));
        if (count % 50 === 49) await Promise.all(answers);
      }
      await Promise.all(answers);
      await to.until(() => to.received.length >= 300);
      expect(to.ciphertexts).toEqual(sent);
      expect(to.log.filter((event) => event === 'caught-up')).toHaveLength(1);
      const ids = to.received.map(({ id }) => id);
      await to.ask('acknowledge', { ids: ids.slice(0, 256), storeSeq: 0 });
      await to.ask('acknowledge', { ids: ids.slice(256), storeSeq: 0 });
      expect(await relay.mailbox.depth(bob)).toBe(0);
    });

    it('pushes nothing before it has greeted, whatever is accepted meanwhile', async () => {
      const slow = await GatewayUnderTest.open();
      const [from, to] = [await slow.addDevice(), await slow.addDevice()];
      const sent = await slow.put(from, to);
      let asked = 0;
      // The second look at the token is after the connection is known and before it is greeted.
      slow.verified = async () => {
        asked += 1;
        if (asked < 2) return;
        slow.gateway.ring(to);
        // More than the pump needs to read a page.
        for (let round = 0; round < 3; round += 1)
          await slow.mailbox.page(to, 0, { maxEnvelopes: 1, maxBytes: 1 }, Date.now());
      };
      const client = await slow.connected(to);
      expect(asked).toBe(2);
      expect(client.log).toEqual(['connect', 'ready', 'envelopes', 'caught-up']);
      expect(client.ciphertexts).toEqual([sent]);
      await slow.close();
    });

    it('pushes pages that a default Socket.IO client can read', async () => {
      for (let count = 0; count < 25; count += 1) await relay.put(alice, bob);
      const pages: number[] = [];
      const to = await relay.client(bob, false);
      to.socket.on('envelopes', ({ envelopes }: { envelopes: unknown[] }) => pages.push(envelopes.length));
      await to.heard('caught-up');
      expect(pages).toEqual([10, 10, 5]);
    });

    it('has no more in flight than the limit, and goes on after acknowledgements', async () => {
      const { maxEnvelopesInFlight } = wireLimits;
      for (let count = 0; count < maxEnvelopesInFlight + 10; count += 1) await relay.put(alice, bob);
      const to = await relay.client(bob, false);
      await to.until(() => to.received.length === maxEnvelopesInFlight);
      // The answer to an acknowledgement comes after everything that was pushed before it.
      await to.ask('acknowledge', { ids: [to.received[0]!.sender.accountId], storeSeq: 0 });
      expect(to.received).toHaveLength(maxEnvelopesInFlight);
      expect(to.log).not.toContain('caught-up');
      await to.ask('acknowledge', { ids: to.received.slice(0, 20).map(({ id }) => id), storeSeq: 0 });
      await to.heard('caught-up');
      expect(to.received).toHaveLength(maxEnvelopesInFlight + 10);
    });

    it('delivers what was not acknowledged again to the next connection, and nothing else', async () => {
      for (let count = 0; count < 3; count += 1) await relay.put(alice, bob);
      const first = await relay.client(bob, false);
      await first.heard('caught-up');
      await first.ask('acknowledge', { ids: [first.received[1]!.id], storeSeq: 0 });
      first.socket.disconnect();
      const second = await relay.client(bob, false);
      await second.heard('caught-up');
      expect(second.received.map(({ id }) => id)).toEqual([first.received[0]!.id, first.received[2]!.id]);
    });

    it('accepts an attempt once, and answers it again after its token has expired', async () => {
      const from = await relay.connected(alice);
      const reachToken = await relay.reach.issueIntroduction(alice.accountId, bob.accountId);
      const request = await relay.request(alice, bob, { reachToken });
      const first = await from.ask('send', request);
      relay.now = () => Date.now() + 3_600_000;
      const again = await from.ask('send', request);
      expect(again.response.acceptedAt).toBe(first.response.acceptedAt);
      const other = await relay.request(alice, bob, { reachToken });
      expect(await from.ask('send', other)).toMatchObject({ problem: { code: 'introduction-required' } });
      const changed = { ...other, attemptId: request.attemptId };
      expect(await from.ask('send', changed)).toMatchObject({ problem: { code: 'idempotency-conflict' } });
      relay.now = () => Date.now();
      expect(await relay.mailbox.depth(bob)).toBe(1);
    });

    it('answers device mismatches as data and refusals as problems', async () => {
      const from = await relay.connected(alice);
      const [body] = (await relay.request(alice, bob)).bodies;
      const ask = async (overrides: object) => from.ask('send', await relay.request(alice, bob, overrides));
      expect(await ask({ bodies: [{ ...body, registrationId: 5 }] })).toEqual({
        ok: true,
        response: { kind: 'device-mismatch', missing: [], extra: [], stale: [1] },
      });
      expect(await ask({ reachToken: 'x' })).toMatchObject({ problem: { code: 'introduction-required' } });
      expect(await ask({ bodies: [body, body] })).toMatchObject({ problem: { code: 'invalid-request' } });
      expect(await ask({ recipient: 'nobody' })).toMatchObject({
        problem: { code: 'invalid-request', fields: ['recipient'] },
      });
      expect(await relay.mailbox.depth(bob)).toBe(0);
    });

    it('takes a send with as many bodies as the wire allows', async () => {
      const account = await relay.addDevice();
      for (let id = 2; id <= wireLimits.maxBodiesPerSend; id += 1)
        await relay.addDevice(account.accountId, id);
      const from = await relay.connected(alice);
      const bodies = Array.from({ length: wireLimits.maxBodiesPerSend }, (_, index) => ({
        deviceId: index + 1,
        registrationId: 101 + index,
        kind: 'message',
        ciphertext: bytes(60 * 1024),
      }));
      const request = await relay.request(alice, account, { bodies: bodies as never });
      expect(await from.ask('send', request)).toMatchObject({ response: { kind: 'accepted' } });
    });

    it('counts sends per account', async () => {
      const strict = await GatewayUnderTest.open({ limitFactor: 1 });
      const [sender, receiver] = [await strict.addDevice(), await strict.addDevice()];
      const from = await strict.connected(sender);
      const requests = await Promise.all(Array.from({ length: 62 }, () => strict.request(sender, receiver)));
      const answers = await Promise.all(requests.map((request) => from.ask('send', request)));
      expect(answers.filter(({ ok }) => ok).length).toBeGreaterThanOrEqual(60);
      expect(answers.at(-1)).toMatchObject({ problem: { code: 'rate-limited' } });
      await strict.close();
    });
  });

  describe('one device, one connection', () => {
    it('tells the older connection that it was replaced; the newer one gets everything', async () => {
      await relay.put(alice, bob);
      const older = await relay.connected(bob, false);
      const newer = await relay.connected(bob, false);
      await older.heard('disconnect');
      expect(older.goodbye).toEqual({ reason: 'replaced' });
      await relay.put(alice, bob);
      relay.gateway.ring(bob);
      await newer.until(() => newer.received.length === 2);
      expect(older.received).toHaveLength(1);
      expect(newer.socket.connected).toBe(true);
    });

    it('keeps the devices of one account apart', async () => {
      const second = await relay.addDevice(bob.accountId, 2);
      const [one, two] = [await relay.connected(bob), await relay.connected(second)];
      relay.gateway.keysLow(second);
      await two.heard('keys-low');
      expect(one.socket.connected).toBe(true);
      expect(one.log).not.toContain('keys-low');
      relay.gateway.signOut(second);
      await two.heard('disconnect');
      expect(two.goodbye).toEqual({ reason: 'signed-out' });
      expect(one.socket.connected).toBe(true);
    });

    it('forgets connections that are gone', async () => {
      const before = relay.gateway.connections;
      const client = await relay.connected(bob);
      expect(relay.gateway.connections).toBe(before + 1);
      client.socket.disconnect();
      const again = await relay.connected(bob);
      expect(relay.gateway.connections).toBe(before + 1);
      again.socket.disconnect();
      relay.gateway.signOut(alice);
      relay.gateway.keysLow(alice);
    });
  });
});
