/** Transport cases: how a stream comes, goes and comes back. */
import { makeProblem, type SocketGoodbye } from '../wire/index.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import { silence } from './scripted-relay.js';
import {
  envelopeOf,
  sendOf,
  type DeclareTransportCase,
  type StreamRecord,
  type TransportCase,
} from './transport-conformance-kit.js';

const hourMs = 60 * 60_000;
/** A client that is away longer than that after a short outage is lost to its user. */
const maxRetryMs = 10 * 60_000;

/** Declares them. */
export function connectionCases(it: DeclareTransportCase): void {
  reconnectCases(it);
  backoffCases(it);
  tokenCases(it);
  goodbyeCases(it);
  closingCases(it);
}

function reconnectCases(it: DeclareTransportCase): void {
  it('comes back by itself after a cut, and says when it will try', async (context) => {
    const { relay, openOnline, until } = context;
    const stream = await openOnline();
    relay.latest.cut();
    await until(() => stream.last?.kind === 'offline', 'offline');
    assertEqual(relay.connections.length, 1, 'connections before the time has come');
    await retry(context, stream);
    await until(() => stream.last?.kind === 'online', 'online again');
    assertEqual(stream.kinds, ['connecting', 'online', 'offline', 'connecting', 'online'], 'the states');
    assertEqual(stream.tokenRequests, [false, false], 'a token for each attempt');
    relay.latest.push('envelopes', { envelopes: [envelopeOf(1)] });
    await until(() => stream.received.length === 1, 'an envelope over the new connection');
  });

  it('throws offline for what is asked while it is not online, at once', async (context) => {
    const { relay, open, until } = context;
    relay.welcome = () => undefined;
    const stream = await open();
    await assertRejects(() => stream.connection.send(sendOf(1)), 'offline', 'before it is online');
    await until(() => relay.connections.length === 1, 'the connection');
    await assertRejects(() => stream.connection.send(sendOf(1)), 'offline', 'before it is greeted');
    relay.latest.accept();
    await until(() => stream.last?.kind === 'online', 'online');
    relay.latest.cut();
    await until(() => stream.last?.kind === 'offline', 'offline');
    const ids = [envelopeOf(1).id];
    await assertRejects(() => stream.connection.acknowledge({ ids, storeSeq: 1 }), 'offline', 'after a cut');
    assertEqual(relay.latest.requests, [], 'what reached the relay');
  });

  it('throws offline for what a cut leaves without a reply', async ({ relay, openOnline, until }) => {
    const stream = await openOnline();
    relay.latest.reply = silence;
    const sent = assertRejects(() => stream.connection.send(sendOf(1)), 'offline', 'a send under way');
    await until(() => relay.latest.requests.length === 1, 'the send to reach the relay');
    relay.latest.cut();
    await sent;
  });

  it('gives up on a relay that never greets, and tries again', async (context) => {
    const { relay, open, until, clock } = context;
    relay.welcome = () => undefined;
    const stream = await open();
    await until(() => relay.connections.length === 1, 'the connection');
    while (stream.last?.kind !== 'offline') {
      assert(await clock.advanceToNext(), 'a time after which it gives up');
    }
    await until(() => relay.open.length === 0, 'the relay to see it go');
  });
}

function backoffCases(it: DeclareTransportCase): void {
  it('waits longer from failure to failure, within bounds and with jitter', async (context) => {
    const { relay, open } = context;
    relay.welcome = (connection) => {
      connection.cut();
    };
    const stream = await open();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) waits.push(await retry(context, stream));
    assert(
      waits.every((wait) => wait > 0 && wait <= maxRetryMs),
      `waits between 0 and ten minutes: ${waits.join(', ')}`,
    );
    assert(Math.max(...waits.slice(6)) > Math.max(...waits.slice(0, 2)), 'later waits are longer');
    assert(new Set(waits).size > 6, `waits differ: ${waits.join(', ')}`);
  });

  it('waits at least as long as a refusing relay asks', async ({ relay, open, until }) => {
    relay.welcome = (connection) => {
      connection.refuse(makeProblem('rate-limited', { retryAfterMs: 90_000 }));
    };
    const stream = await open();
    await until(() => stream.last?.kind === 'offline', 'offline');
    const { last } = stream;
    assert(last?.kind === 'offline' && last.retryInMs >= 90_000, 'the wait');
    assertEqual(stream.tokenRequests, [false], 'it is not the token’s fault');
  });
}

function tokenCases(it: DeclareTransportCase): void {
  it('asks for another token at once when the relay refuses one', async ({ relay, open, until }) => {
    relay.welcome = (connection) => {
      if (connection.handshake.accessToken === 'old') connection.refuse(makeProblem('unauthorized'));
      else connection.accept();
    };
    const stream = await open({ accessToken: async (refused) => (refused ? 'new' : 'old') });
    await until(() => stream.last?.kind === 'online', 'online');
    assertEqual(stream.tokenRequests, [false, true], 'requests for a token');
    assertEqual(stream.kinds, ['connecting', 'online'], 'no wait between');
  });

  it('waits when the other token is refused too, and then asks for another again', async (context) => {
    const { relay, open, until } = context;
    relay.welcome = (connection) => {
      connection.refuse(makeProblem('unauthorized'));
    };
    const stream = await open();
    await until(() => stream.last?.kind === 'offline', 'offline');
    assertEqual(stream.tokenRequests, [false, true], 'requests for a token');
    await retry(context, stream);
    await until(() => stream.tokenRequests.length === 3, 'the next request');
    assertEqual(stream.tokenRequests[2], true, 'the last one was refused');
  });

  it('takes a token that cannot be had for a failed attempt', async (context) => {
    const { relay, open, until } = context;
    let fails = true;
    const accessToken = async () => {
      if (fails) throw new Error('no token');
      return 'token';
    };
    const stream = await open({ accessToken });
    await until(() => stream.last?.kind === 'offline', 'offline');
    assertEqual(relay.connections.length, 0, 'connections without a token');
    fails = false;
    await retry(context, stream);
    await until(() => stream.last?.kind === 'online', 'online');
  });
}

function goodbyeCases(it: DeclareTransportCase): void {
  const staysAway: readonly (readonly [SocketGoodbye['reason'], string])[] = [
    ['replaced', 'replaced'],
    ['signed-out', 'closed'],
  ];
  for (const [reason, state] of staysAway) {
    it(`stays away after ${reason}, until it is opened again`, async (context) => {
      const { relay, openOnline, until, clock } = context;
      const stream = await openOnline();
      relay.latest.push('goodbye', { reason });
      relay.latest.cut();
      await until(() => stream.last?.kind === state, state);
      await clock.advance(hourMs);
      assertEqual(relay.connections.length, 1, 'connections an hour later');
      await assertRejects(() => stream.connection.send(sendOf(1)), 'offline', 'a send');
      assertEqual(stream.last?.kind, state, 'the state an hour later');
      await openOnline();
      assertEqual(stream.last?.kind, state, 'the old stream’s state');
    });
  }

  it('comes back after draining', async (context) => {
    const { relay, openOnline, until } = context;
    const stream = await openOnline();
    relay.latest.push('goodbye', { reason: 'draining' });
    relay.latest.cut();
    await retry(context, stream);
    await until(() => stream.last?.kind === 'online', 'online again');
  });
}

function closingCases(it: DeclareTransportCase): void {
  it('closes the stream for good: the relay sees it go, nothing is said any more', async (context) => {
    const { relay, openOnline, until, clock } = context;
    const stream = await openOnline();
    relay.latest.reply = silence;
    const sent = assertRejects(() => stream.connection.send(sendOf(1)), 'offline', 'a send under way');
    await until(() => relay.latest.requests.length === 1, 'the send to reach the relay');
    const { latest } = relay;
    await stream.connection.close();
    await stream.connection.close();
    await sent;
    await until(() => relay.open.length === 0, 'the relay to see it go');
    latest.isOpen = true;
    latest.push('envelopes', { envelopes: [envelopeOf(1)] });
    await clock.advance(hourMs);
    assertEqual(stream.kinds, ['connecting', 'online', 'closed'], 'the states');
    assertEqual(stream.events, [], 'events after it');
    assertEqual(relay.connections.length, 1, 'connections');
    assertEqual(clock.scheduledCount(), 0, 'timers left');
  });

  it('can be closed while it waits for its next attempt', async ({ relay, openOnline, until, clock }) => {
    const stream = await openOnline();
    relay.latest.cut();
    await until(() => stream.last?.kind === 'offline', 'offline');
    await stream.connection.close();
    await clock.advance(hourMs);
    assertEqual(stream.last?.kind, 'closed', 'the state');
    assertEqual(relay.connections.length, 1, 'connections');
  });

  it('ends the stream with the transport', async ({ relay, transport, openOnline, until }) => {
    const stream = await openOnline();
    await transport.close();
    assertEqual(stream.last?.kind, 'closed', 'the state');
    await until(() => relay.open.length === 0, 'the relay to see it go');
  });

  it('has one stream at a time: the next one ends the one before', async ({ relay, openOnline, until }) => {
    const first = await openOnline();
    const second = await openOnline();
    assertEqual(first.last?.kind, 'closed', 'the first one’s state');
    await until(() => relay.open.length === 1, 'one open connection');
    relay.latest.push('envelopes', { envelopes: [envelopeOf(1)] });
    await until(() => second.received.length === 1, 'an envelope for the second');
    assertEqual(first.received, [], 'envelopes for the first');
  });
}

/** Waits until the stream is offline and lets the time to its next attempt pass. @returns that time */
async function retry({ clock, until }: TransportCase, stream: StreamRecord): Promise<number> {
  await until(() => stream.last?.kind === 'offline', 'offline');
  const { last } = stream;
  assert(last?.kind === 'offline' && last.retryInMs > 0, 'a time to the next attempt');
  const attempts = stream.tokenRequests.length;
  await clock.advance(last.retryInMs - 1);
  assertEqual(stream.tokenRequests.length, attempts, 'attempts before the time has come');
  await clock.advance(1);
  await until(() => stream.tokenRequests.length > attempts, 'the next attempt');
  return last.retryInMs;
}
