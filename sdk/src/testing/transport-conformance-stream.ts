/** Transport cases: what an open stream carries. */
import { deviceId, makeProblem, wireLimits } from '../wire/index.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import { scriptedRelayTime, silence } from './scripted-relay.js';
import {
  accepted,
  envelopeOf,
  sendOf,
  someProblem,
  type DeclareTransportCase,
} from './transport-conformance-kit.js';

const hourMs = 60 * 60_000;

/** Declares them. */
export function streamCases(it: DeclareTransportCase): void {
  pushCases(it);
  requestCases(it);
  resumeCases(it);
  refusalCases(it);
  hostileCases(it);
}

function pushCases(it: DeclareTransportCase): void {
  it('shows its token, comes online and says the relay’s time', async ({ relay, openOnline }) => {
    const stream = await openOnline({ accessToken: async () => 'shown' });
    assertEqual(relay.latest.handshake, { protocol: 1, accessToken: 'shown' }, 'the handshake');
    assertEqual(
      stream.states,
      [{ kind: 'connecting' }, { kind: 'online', relayTime: scriptedRelayTime }],
      'the states',
    );
    assertEqual(stream.tokenRequests, [false], 'requests for a token');
  });

  it('hands over envelopes, caught-up and keys-low in the order they came', async (context) => {
    const { relay, openOnline, until } = context;
    const stream = await openOnline();
    const { latest } = relay;
    latest.push('envelopes', { envelopes: [envelopeOf(1), envelopeOf(2)] });
    latest.push('caught-up', {});
    latest.push('envelopes', { envelopes: [envelopeOf(3)] });
    latest.push('keys-low', {});
    latest.push('envelopes', { envelopes: [envelopeOf(2)] });
    await until(() => stream.events.length === 6, 'all events');
    const ids = [1, 2, 3].map((number) => envelopeOf(number).id);
    assertEqual(stream.events, [ids[0], ids[1], 'caught-up', ids[2], 'keys-low', ids[1]], 'the order');
    const [first] = stream.received;
    assert(first?.ciphertext instanceof Uint8Array, 'bytes are a Uint8Array');
    assertEqual(first.ciphertext, envelopeOf(1).ciphertext, 'the ciphertext');
    assertEqual({ ...first, ciphertext: 0 }, { ...envelopeOf(1), ciphertext: 0 }, 'the rest of it');
  });

  it('hands over the fullest page and the largest ciphertext', async ({ relay, openOnline, until }) => {
    const stream = await openOnline();
    const page = Array.from({ length: wireLimits.maxEnvelopesPerPage }, (_, index) => envelopeOf(index));
    const largest = new Uint8Array(wireLimits.maxCiphertextBytes).fill(0xa5);
    relay.latest.push('envelopes', { envelopes: page });
    relay.latest.push('envelopes', { envelopes: [envelopeOf(99, largest)] });
    await until(() => stream.received.length === page.length + 1, 'all envelopes');
    assertEqual(
      stream.received.slice(0, -1).map(({ id }) => id),
      page.map(({ id }) => id),
      'the page',
    );
    assertEqual(stream.received.at(-1)?.ciphertext, largest, 'the largest');
  });
}

function requestCases(it: DeclareTransportCase): void {
  it('carries sends with their bytes, and both kinds of answer', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    const { latest } = relay;
    latest.reply = async () => accepted(5);
    assertEqual(await connection.send(sendOf(1)), accepted(5).response, 'an accepted send');
    const mismatch = { kind: 'device-mismatch', missing: [3], extra: [2], stale: [1] } as const;
    latest.reply = async () => ({ ok: true, response: mismatch });
    assertEqual(await connection.send(sendOf(2)), mismatch, 'a wrong device set, as data');
    assertEqual(latest.requests.length, 2, 'sends at the relay');
    assertSameSend(latest.requests[0]?.payload);
  });

  it('carries the largest send', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    relay.latest.reply = async () => accepted(1);
    const ciphertext = new Uint8Array(wireLimits.maxCiphertextBytes).fill(1);
    const bodies = Array.from({ length: wireLimits.maxBodiesPerSend }, (_, index) => ({
      deviceId: deviceId.parse(index + 1),
      registrationId: 7,
      kind: 'message' as const,
      ciphertext,
    }));
    await connection.send({ ...sendOf(1), bodies });
    const { payload } = relay.latest.requests[0] as { payload: ReturnType<typeof sendOf> };
    assertEqual(payload.bodies.length, bodies.length, 'bodies that arrived');
    assertEqual(new Uint8Array(payload.bodies.at(-1)?.ciphertext ?? []), ciphertext, 'the last one');
  });

  it('carries acknowledgements', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    const ids = [envelopeOf(1).id, envelopeOf(2).id];
    await connection.acknowledge({ ids, storeSeq: 7 });
    assertEqual(
      relay.latest.requests,
      [{ operation: 'acknowledge', payload: { ids, storeSeq: 7 } }],
      'at the relay',
    );
  });

  it('sends in the order of the calls, and keeps replies apart', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    const replies: (() => void)[] = [];
    relay.latest.reply = (_operation, payload) =>
      new Promise((resolve) => {
        const [number = 0] = (payload as { attemptId: Uint8Array }).attemptId;
        replies.push(() => {
          resolve(accepted(number));
        });
        if (replies.length === 3) for (const reply of replies.reverse()) reply();
      });
    const sent = await Promise.all([1, 2, 3].map((number) => connection.send(sendOf(number))));
    assertEqual(
      sent,
      [1, 2, 3].map((number) => accepted(number).response),
      'replies by send',
    );
    const order = relay.latest.requests.map(({ payload }) => (payload as { recipient: string }).recipient);
    assertEqual(
      order,
      [1, 2, 3].map((number) => sendOf(number).recipient),
      'the order at the relay',
    );
  });
}

function resumeCases(it: DeclareTransportCase): void {
  it('shows the device’s state, and brings the verdict', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    const continuation = new Uint8Array(16).fill(9);
    for (const shown of [
      { generation: 1, storeSeq: 0, continuation: null },
      { ...someState, continuation },
    ]) {
      const answer = { verdict: 'rolled-back', ...someState, continuation } as const;
      relay.latest.reply = async () => ({ ok: true, response: answer });
      assertEqual(await connection.resume(shown), answer, 'the verdict');
      assertEqual(plain(relay.latest.requests.at(-1)?.payload), shown, 'at the relay');
    }
  });
}

function refusalCases(it: DeclareTransportCase): void {
  it('throws problems under their codes', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    relay.latest.reply = async () => ({ ok: false, problem: makeProblem(someProblem) });
    await assertRejects(() => connection.send(sendOf(1)), someProblem, 'a refused send');
    await assertRejects(
      () => connection.acknowledge({ ids: [envelopeOf(1).id], storeSeq: 7 }),
      someProblem,
      'refused',
    );
  });

  it('throws request-timeout when no reply comes, and stays online', async (context) => {
    const { relay, openOnline, clock, until } = context;
    const stream = await openOnline();
    relay.latest.reply = silence;
    const sent = assertRejects(() => stream.connection.send(sendOf(1)), 'request-timeout', 'silence');
    await until(() => relay.latest.requests.length === 1, 'the send to reach the relay');
    await clock.advance(hourMs);
    await sent;
    assertEqual(stream.last?.kind, 'online', 'the state');
    relay.latest.reply = async () => accepted(1);
    await stream.connection.send(sendOf(1));
    assertEqual(relay.latest.requests.length, 2, 'sends: none was repeated by the transport');
  });
}

function hostileCases(it: DeclareTransportCase): void {
  it('throws invalid-response for replies that do not fit', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    const wrong: unknown[] = [
      undefined,
      null,
      7,
      {},
      { ok: true },
      { ok: true, response: { kind: 'accepted' } },
      { ok: 'yes', response: accepted(1).response },
      { ...accepted(1), extra: true },
      { ok: false, problem: { code: 'mailbox-full' } },
    ];
    for (const reply of wrong) {
      relay.latest.reply = async () => reply;
      await assertRejects(() => connection.send(sendOf(1)), 'invalid-response', JSON.stringify(reply) ?? '');
    }
  });

  it('does not send what does not fit', async ({ relay, openOnline }) => {
    const { connection } = await openOnline();
    await assertRejects(() => connection.send({ ...sendOf(1), bodies: [] }), 'invalid-request', 'no body');
    await assertRejects(() => connection.acknowledge({ ids: [], storeSeq: 7 }), 'invalid-request', 'no id');
    assertEqual(relay.latest.requests, [], 'what reached the relay');
  });

  it('drops malformed pushes with a line in the log, and takes the good ones behind them', async (context) => {
    const { relay, openOnline, until, logged } = context;
    const stream = await openOnline();
    const { id: _, ...withoutId } = envelopeOf(7);
    const malformed: readonly (readonly [name: string, payload: unknown])[] = [
      ['envelopes', undefined],
      ['envelopes', 'text'],
      ['envelopes', { envelopes: 7 }],
      ['envelopes', { envelopes: [null] }],
      ['envelopes', { envelopes: [withoutId] }],
      ['envelopes', { envelopes: [{ ...envelopeOf(7), ciphertext: new Uint8Array(0) }] }],
      ['envelopes', { envelopes: [{ ...envelopeOf(7), ciphertext: 'text' }] }],
      ['goodbye', { reason: 'because' }],
      ['ready', {}],
      ['never-heard-of', { a: 1 }],
    ];
    for (const [name, payload] of malformed) relay.latest.push(name, payload);
    relay.latest.push('envelopes', { envelopes: [withoutId, envelopeOf(8)] });
    await until(() => stream.received.length === 1, 'the good envelope');
    assertEqual(stream.events, [envelopeOf(8).id], 'what was handed over');
    assertEqual(stream.last?.kind, 'online', 'the state');
    assert(logged.length >= malformed.length, 'a line for each');
  });
}

const someState = { generation: 3, storeSeq: 70 };

/** Byte strings as plain ones, whatever carried them. */
function plain(payload: unknown): unknown {
  const { continuation, ...rest } = payload as { continuation: Uint8Array | null };
  return { ...rest, continuation: continuation && new Uint8Array(continuation) };
}

function assertSameSend(payload: unknown): void {
  const expected = sendOf(1);
  const got = payload as typeof expected;
  assertEqual(new Uint8Array(got.attemptId), expected.attemptId, 'the attempt id');
  for (const [index, body] of expected.bodies.entries()) {
    const { ciphertext = new Uint8Array(), ...rest } = got.bodies[index] ?? {};
    assertEqual(new Uint8Array(ciphertext), body.ciphertext, `ciphertext ${index}`);
    assertEqual({ ...rest, ciphertext: 0 }, { ...body, ciphertext: 0 }, `the rest of body ${index}`);
  }
}
