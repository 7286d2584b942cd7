import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusedHandshake } from '../../protocol-suite/live.js';
import { gatewayLimits } from '../../src/gateway/limits.js';
import { closeSharedDatabase, GatewayUnderTest } from './gateway-under-test.js';

const maxRefusalsPerMinute = 5;

describe('overload', () => {
  let relay: GatewayUnderTest;
  beforeEach(async () => {
    relay = await GatewayUnderTest.open({
      bounds: { maxConnections: 2, maxRefusalsUnderWay: 1, maxRefusalsPerMinute },
    });
  });
  afterEach(() => relay.close());
  afterAll(() => closeSharedDatabase());

  it('turns new connections and sends away and keeps delivering, until it is over', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    const waiting = await relay.put(alice, bob);
    relay.overloaded = true;
    const request = await relay.request(alice, bob);
    expect(await from.ask('send', request)).toMatchObject({
      problem: { code: 'unavailable', retryAfterMs: 2_000 },
    });
    const auth = { protocol: 1, accessToken: await relay.issueToken(bob) };
    expect(await refusedHandshake(relay.url, auth)).toMatchObject({
      code: 'unavailable',
      retryAfterMs: 2_000,
    });
    // What makes room is let through.
    expect(await from.ask('acknowledge', { ids: [alice.accountId], storeSeq: 0 })).toMatchObject({
      ok: true,
    });
    expect(relay.shed).toEqual(['event-loop', 'event-loop']);
    relay.overloaded = false;
    const to = await relay.connected(bob);
    expect(await from.ask('send', request)).toMatchObject({ ok: true });
    await to.until(() => to.received.length === 2);
    expect(to.ciphertexts[0]).toBe(waiting);
  });

  it('ends a connection whose requests it has refused too often within a minute', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const [from, other] = [await relay.connected(alice), await relay.connected(bob)];
    const request = await relay.request(alice, bob);
    let time = Date.now();
    relay.now = () => time;
    relay.overloaded = true;
    const refused = async () =>
      expect(await from.ask('send', request)).toMatchObject({ problem: { code: 'unavailable' } });
    for (let minute = 0; minute < 3; minute += 1) {
      for (let n = 0; n < maxRefusalsPerMinute; n += 1) await refused();
      time += 60_000;
    }
    expect(from.log).not.toContain('disconnect');
    for (let n = 0; n <= maxRefusalsPerMinute; n += 1) await refused();
    await from.heard('disconnect');
    expect(other.log).not.toContain('disconnect');
    expect(relay.shed.filter((reason) => reason !== 'event-loop')).toEqual(['refusals']);
  });

  it('ends a connection that sends what nobody can read too often', async () => {
    const client = await relay.connected(await relay.addDevice());
    for (let n = 0; n <= gatewayLimits.maxInvalidFrames; n += 1) client.socket.emit('nonsense');
    await client.heard('disconnect');
    expect(relay.shed).toEqual(['invalid-frames']);
  });

  it('takes no more connections than it may, and again when one has ended', async () => {
    const devices = [await relay.addDevice(), await relay.addDevice(), await relay.addDevice()] as const;
    const [first] = [await relay.connected(devices[0]), await relay.connected(devices[1])];
    const auth = { protocol: 1, accessToken: await relay.issueToken(devices[2]) };
    expect(await refusedHandshake(relay.url, auth)).toMatchObject({
      code: 'unavailable',
      retryAfterMs: 5_000,
    });
    expect(relay.shed).toEqual(['connections']);
    first.socket.disconnect();
    await first.heard('disconnect');
    let last = await relay.client(devices[2]);
    await last.until(() => last.log.length > 0);
    while (last.log[0] !== 'connect') {
      last = await relay.client(devices[2]);
      await last.until(() => last.log.length > 0);
    }
    await last.heard('ready');
  });
});
