import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mailbox } from '../../src/mailbox/mailbox.js';
import { closeSharedDatabase, GatewayUnderTest } from './gateway-under-test.js';

describe('drain and failure', () => {
  let relay: GatewayUnderTest;
  let release: () => void;
  let entered: Promise<void>;
  let failing = false;

  /** A mailbox whose sends wait until the test lets them go on. */
  const held = (mailbox: Mailbox, gate: Promise<void>, enter: () => void): Mailbox => ({
    accept: async (...send) => {
      enter();
      await gate;
      return mailbox.accept(...send);
    },
    acceptedBefore: (...asked) => mailbox.acceptedBefore(...asked),
    page: (...asked) => (failing ? Promise.reject(new TypeError('secret words')) : mailbox.page(...asked)),
    acknowledge: (...asked) => mailbox.acknowledge(...asked),
    heads: (...asked) => mailbox.heads(...asked),
    handOver: (...asked) => mailbox.handOver(...asked),
    depth: (...asked) => mailbox.depth(...asked),
    sweep: (...asked) => mailbox.sweep(...asked),
  });

  beforeEach(async () => {
    failing = false;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let enter!: () => void;
    entered = new Promise<void>((resolve) => (enter = resolve));
    relay = await GatewayUnderTest.open({
      wrapMailbox: (mailbox) => held(mailbox, gate, enter),
      bounds: { maxSendsInFlight: 2 },
    });
  });
  afterEach(() => relay.close());
  afterAll(() => closeSharedDatabase());

  it('finishes the sends under way, refuses new ones, then says goodbye', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    const to = await relay.connected(bob);
    const underWay = from.ask('send', await relay.request(alice, bob));
    await entered;
    const drained = relay.gateway.drain();
    expect(await from.ask('send', await relay.request(alice, bob))).toMatchObject({
      problem: { code: 'unavailable', retryAfterMs: expect.any(Number) },
    });
    expect(from.goodbye).toBeUndefined();
    release();
    expect(await underWay).toMatchObject({ response: { kind: 'accepted' } });
    await drained;
    await Promise.all([from.heard('disconnect'), to.heard('disconnect')]);
    expect([from.goodbye, to.goodbye]).toEqual([{ reason: 'draining' }, { reason: 'draining' }]);
    expect(await relay.mailbox.depth(bob)).toBe(1);
    expect(relay.gateway.connections).toBe(0);
    const late = await relay.client(alice);
    await late.heard('connect_error');
  });

  it('waits for the sends of connections that are gone', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    void from.ask('send', await relay.request(alice, bob)).catch(() => {});
    await entered;
    const replaced = await relay.connected(alice);
    await from.heard('disconnect');
    let drained = false;
    const drain = relay.gateway.drain().then(() => (drained = true));
    await expect(replaced.ask('send', await relay.request(alice, bob))).resolves.toMatchObject({ ok: false });
    expect(drained).toBe(false);
    release();
    await drain;
    expect(await relay.mailbox.depth(bob)).toBe(1);
  });

  it('gives up waiting when its time is over', async () => {
    await relay.close();
    relay = await GatewayUnderTest.open({
      wrapMailbox: (mailbox) => held(mailbox, new Promise(() => {}), () => {}),
      bounds: { drainTimeoutMs: 50, goodbyeTimeoutMs: 50 },
    });
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    void from.ask('send', await relay.request(alice, bob)).catch(() => {});
    await relay.gateway.drain();
    await from.heard('disconnect');
    expect(from.goodbye).toEqual({ reason: 'draining' });
  });

  it('refuses what is beyond the sends of one connection, while another goes on', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    const other = await relay.connected(bob);
    const requests = await Promise.all([1, 2, 3].map(() => relay.request(alice, bob)));
    const answers = requests.map((request) => from.ask('send', request));
    expect(await answers[2]).toMatchObject({ problem: { code: 'rate-limited' } });
    expect(await other.ask('acknowledge', { ids: [alice.accountId], storeSeq: 0 })).toEqual({
      ok: true,
      response: {},
    });
    release();
    expect(await Promise.all(answers.slice(0, 2))).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it('ends a connection whose mailbox cannot be read, and logs nothing of the error’s words', async () => {
    failing = true;
    const client = await relay.client(await relay.addDevice());
    await client.heard('disconnect');
    expect(relay.log).toMatchObject([
      { level: 'error', event: 'delivery-failed', fields: { errorName: 'TypeError' } },
    ]);
    expect(JSON.stringify(relay.log)).not.toContain('secret words');
  });

  it('answers unavailable while the database is away', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    relay.mailbox.accept = () => Promise.reject(Object.assign(new Error(), { code: 'ECONNREFUSED' }));
    release();
    const { problem } = await from.ask('send', await relay.request(alice, bob));
    expect(problem).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
    expect(relay.log).toMatchObject([
      { event: 'socket-request-failed', fields: { errorCode: 'ECONNREFUSED' } },
    ]);
  });

  it('answers a defect as internal-error with a request id that is in the log', async () => {
    const [alice, bob] = [await relay.addDevice(), await relay.addDevice()];
    const from = await relay.connected(alice);
    const answer = from.ask('send', await relay.request(alice, bob));
    await entered;
    relay.mailbox.accept = () => Promise.reject(new RangeError('secret words'));
    release();
    const { problem } = await answer;
    expect(problem).toMatchObject({ code: 'internal-error', status: 500, requestId: expect.any(String) });
    const line = relay.log.find(({ event }) => event === 'socket-request-failed');
    expect(line?.fields).toMatchObject({
      operation: 'send',
      requestId: problem.requestId,
      errorName: 'RangeError',
    });
    expect(JSON.stringify(relay.log)).not.toContain('secret words');
  });
});
