/** Lies in the answers to sends, acknowledgements and key uploads, and tokens that open other doors. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import {
  makeProblem,
  toBase64Url,
  type DeviceId,
  type EnvelopeId,
  type SendRequest,
  type SendResponse,
} from '../../src/wire/index.js';
import type { RelayCall } from '../../src/testing/network/tamper.js';
import { expectUntouched, makeCast, quiet, talk, type Cast } from './cast.js';

let cast: Cast;
/** Every send that reached the relay. */
let sent: SendRequest[] = [];

beforeAll(async () => {
  cast = await makeCast('answers');
});

beforeEach(() => {
  sent = [];
  cast.world.relay.tamper = {
    delay: (call) => {
      if (call.operation === 'send' && isAlice(call)) sent.push(call.request);
      return undefined;
    },
  };
});

function isAlice({ device }: RelayCall): boolean {
  return device?.accountId === cast.aliceId;
}

const devices = (...ids: number[]) => ids as DeviceId[];
const none = { missing: [], extra: [], stale: [] };
const mismatches: readonly [string, Omit<Extract<SendResponse, { kind: 'device-mismatch' }>, 'kind'>][] = [
  ['about nothing', none],
  ['that the one device is stale', { ...none, stale: devices(1) }],
  ['that the one device is missing', { ...none, missing: devices(1) }],
  ['that the one device is too many', { ...none, extra: devices(1) }],
  ['that a device is missing that does not exist', { ...none, missing: devices(7) }],
  ['everything at once', { missing: devices(7, 9), extra: devices(1), stale: devices(3) }],
];

describe('an endless device mismatch', () => {
  it.each(mismatches)('%s comes to an end', async (name, mismatch) => {
    const { world, alice, bob, bobId } = cast;
    world.relay.tamper.rawResponse = (encoded, call) =>
      call.operation === 'send' && isAlice(call) ? { kind: 'device-mismatch', ...mismatch } : encoded;
    const heard = alice.events['message-status']!.length;
    const { seq } = await alice.messenger.messages.send(bobId, { text: name });
    const statuses = () =>
      alice.events['message-status']!.slice(heard).map(({ message }) => message.failure ?? message.status);
    await world.until(() => statuses().includes('device-mismatch'));
    await quiet(world);
    expect(sent).toHaveLength(1 + limits.maxDeviceRepairs);
    expect(new Set(sent.map(({ attemptId }) => toBase64Url(attemptId))).size).toBe(sent.length);
    // It had taken them all the same: they are one message, and its receipt says so.
    expect((await bob.texted(alice)).filter((text) => text === name)).toHaveLength(1);
    expect(statuses()).toEqual(['device-mismatch', 'delivered']);
    expect(await alice.messenger.messages.get(bobId, seq)).toMatchObject({
      status: 'delivered',
      failure: null,
    });
    world.relay.tamper = {};
    await talk(alice, bob, `after: ${name}`);
    await talk(bob, alice, `and back: ${name}`);
  });
});

describe('an accepted send', () => {
  it.each([0, 1, 8_640_000_000_000_000])('that was accepted at %d is sent', async (acceptedAt) => {
    const { world, alice, bob, bobId } = cast;
    world.relay.tamper.responses = { send: (honest) => ({ ...honest, acceptedAt }) as SendResponse };
    await alice.messenger.messages.send(bobId, { text: `at ${acceptedAt}` });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect((await bob.texted(alice)).at(-1)).toBe(`at ${acceptedAt}`);
  });

  it('whose answer no schema knows is repeated, to the byte, until it is answered', async () => {
    const { world, alice, bob, bobId } = cast;
    const nonsense: unknown[] = [
      null,
      7,
      'accepted',
      [],
      {},
      { kind: 'accepted' },
      { kind: 'accepted', acceptedAt: -1, deliveryToken: 'x' },
      { kind: 'accepted', acceptedAt: 1.5, deliveryToken: 'x' },
      { kind: 'accepted', acceptedAt: 1, deliveryToken: '' },
      { kind: 'device-mismatch', missing: [0], extra: [], stale: [] },
      { kind: 'refused' },
    ];
    let told = 0;
    world.relay.tamper.rawResponse = (encoded, call) =>
      call.operation === 'send' && isAlice(call) && told < nonsense.length ? nonsense[told++] : encoded;
    await alice.messenger.messages.send(bobId, { text: 'spelled out' });
    await world.until(() => sent.length > nonsense.length);
    await quiet(world);
    expect(told).toBe(nonsense.length);
    expect((await alice.history(bob)).at(-1)).toMatchObject({ status: 'delivered' });
    const spelled = sent.map((request) => JSON.stringify({ ...request, bodies: request.bodies.map(spell) }));
    expect(spelled).toHaveLength(nonsense.length + 1);
    expect(new Set(spelled).size).toBe(1);
    expect((await bob.texted(alice)).filter((text) => text === 'spelled out')).toHaveLength(1);
  });

  it('with a token that opens another door finds its way all the same', async () => {
    const { world, alice, bob, bobId } = cast;
    world.relay.tamper.responses = {
      send: (honest) => ({ ...honest, deliveryToken: 'opens nothing' }) as SendResponse,
    };
    await alice.messenger.messages.send(bobId, { text: 'first' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    world.relay.tamper.responses = {};
    await talk(alice, bob, 'second');
    world.relay.tamper.responses = {
      'contacts.resolve': (honest) => ({ ...honest, introductionToken: 'opens nothing' }),
    };
    await alice.messenger.contacts.add(await bob.code());
    await alice.messenger.messages.send(bobId, { text: 'third' });
    await world.pass(5_000);
    expect((await alice.history(bob)).at(-1)).toMatchObject({ status: 'pending' });
    world.relay.tamper = {};
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
  });

  it('that is refused for good fails under the relay’s code', async () => {
    const { world, alice, bob, bobId } = cast;
    for (const code of ['idempotency-conflict', 'invalid-request', 'payload-too-large'] as const) {
      world.relay.tamper.refuse = ({ operation }) => (operation === 'send' ? makeProblem(code) : undefined);
      await alice.messenger.messages.send(bobId, { text: code });
      await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'failed');
      expect((await alice.history(bob)).at(-1)).toMatchObject({ failure: code });
    }
    world.relay.tamper = {};
    await talk(alice, bob, 'and open again');
  });
});

describe('an acknowledgement', () => {
  it('that is refused or answered with nonsense is repeated on the same connection', async () => {
    const { world, alice, bob, bobId } = cast;
    const acknowledged: (readonly EnvelopeId[])[] = [];
    let refusals = 3;
    world.relay.tamper.delay = (call) => {
      if (call.operation === 'acknowledge' && call.device?.accountId === bobId)
        acknowledged.push(call.request.ids);
      return undefined;
    };
    world.relay.tamper.refuse = ({ operation, device }) =>
      operation === 'acknowledge' && device?.accountId === bobId && refusals-- > 0
        ? makeProblem('unavailable')
        : undefined;
    const connections = bob.events.connection!.length;
    await alice.messenger.messages.send(bobId, { text: 'acknowledge me' });
    await world.until(async () => world.relay.waiting(await bob.address()).length === 0 && refusals < 0);
    expect(acknowledged).toHaveLength(4);
    expect(new Set(acknowledged.map(String)).size).toBe(1);
    expect(bob.events.connection).toHaveLength(connections);
    expect((await bob.texted(alice)).filter((text) => text === 'acknowledge me')).toHaveLength(1);
  });
});

describe('the answer to a key upload', () => {
  it('cannot take away keys that were not in the upload', async () => {
    const { world, bob, alice, bobId } = cast;
    const held = [...(await bob.dump()).keys()].filter((key) => /^engine\/(kem-)?pre-key\//.test(key));
    const ids = held.map((key) => ({ key, id: Number(key.split('/').at(-1)) }));
    world.relay.tamper.responses = {
      'keys.status': (honest) => ({ ...honest, oneTime: 0, kemOneTime: 29 }),
      'keys.upload': (honest) => ({
        ...honest,
        results: ids.map(({ key, id }) => ({
          kind: key.includes('kem') ? ('kem-one-time' as const) : ('one-time' as const),
          id,
          status: 'invalid' as const,
        })),
      }),
    };
    const before = await bob.dump();
    await bob.messenger.preKeys.replenish();
    const after = await bob.dump();
    const gone = [...before.keys()].filter((key) => !after.has(key));
    expect(gone.filter((key) => key.startsWith('engine/'))).toEqual([]);
    expectUntouched(before, after, [/^engine\/(kem-)?pre-key\//, /^(seen|journal)\//, /^prekeys\/held$/]);
    world.relay.tamper = {};
    await alice.messenger.sessions.reset(bobId);
    await talk(alice, bob, 'with a key that is still there');
  });
});

function spell({ ciphertext, ...body }: SendRequest['bodies'][number]) {
  return { ...body, ciphertext: toBase64Url(ciphertext) };
}
