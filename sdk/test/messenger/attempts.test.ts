/** What becomes of an attempt that the relay does not take at once: repaired, put off, or given up, and never half. */
import { describe, expect, it } from 'vitest';
import { deriveLoginKey } from '../../src/account/login-key.js';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import { limits } from '../../src/limits.js';
import { decodeContent } from '../../src/messages/content.js';
import { Forger } from '../../src/testing/hostile-relay/forger.js';
import {
  deviceId,
  makeProblem,
  toBase64Url,
  type AccountId,
  type DeviceManifest,
  type PreKeyUpload,
  type ProblemDocument,
  type SendRequest,
} from '../../src/wire/index.js';
import { manifestHash } from '../../src/verification/index.js';
import { introduced, type Party } from '../support/party.js';
import type { World } from '../support/world.js';
import { TestClient } from '../testing/test-client.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A further device of an account, or another one in the place of one, which is put into its list in a moment. */
class Newcomer {
  readonly #engine = libsignalEngine();
  readonly #records = new Map<string, Uint8Array>();

  private constructor(
    readonly party: Party,
    readonly client: TestClient,
    readonly keys: PreKeyUpload,
  ) {}

  /** @param after - the list that its own follows */
  static async prepare(party: Party, id: number, after: DeviceManifest): Promise<Newcomer> {
    const { world, username } = party;
    const client = new TestClient(world.network.transport(), username);
    const [accountId, registrationId] = [await party.id(), 100 + id];
    const loginKey = await deriveLoginKey({
      password: party.password,
      relayId: world.relay.relayId,
      username: client.username,
    });
    const identity = await new Forger(libsignalEngine()).stealIdentity(party.medium);
    const address = { accountId, deviceId: deviceId.parse(id) };
    Object.assign(client, { address, registrationId, identity, loginKey: loginKey.expose() });
    const listed = { ...address, registrationId, authKey: client.authKey, addedDay: 1 };
    const { accountId: _, ...device } = listed;
    const others = after.devices.filter((one) => one.deviceId !== address.deviceId);
    client.manifest = await client.signManifest({
      accountId,
      version: after.version + 1,
      previousHash: manifestHash(after) as Uint8Array<ArrayBuffer>,
      devices: [...others, device].sort((left, right) => left.deviceId - right.deviceId),
    });
    const ids = [1, 2, 3];
    const step = await libsignalEngine().generatePreKeys({
      ...{
        our: client.our,
        signedId: 1,
        kemLastResortId: 9_999,
        oneTimeIds: ids,
        kemOneTimeIds: ids,
        now: 1,
      },
    });
    const newcomer = new Newcomer(party, client, step.result as unknown as PreKeyUpload);
    newcomer.#keep(step.changes);
    return newcomer;
  }

  #keep(changes: readonly { readonly key: string; readonly value?: Uint8Array | undefined }[]): void {
    for (const { key, value } of changes) {
      if (value) this.#records.set(key, value);
      else this.#records.delete(key);
    }
  }

  /** It is in the list, and the relay has its keys. */
  async arrive(): Promise<void> {
    const { client, party, keys } = this;
    party.world.relay.replaceManifest(client.manifest);
    client.tokens = await client.login();
    await client.upload(keys);
  }

  /** The texts of what waits for it, read with its own keys. */
  async texts(): Promise<string[]> {
    const { client, party } = this;
    const view = { get: async (keys: readonly string[]) => keys.map((key) => this.#records.get(key)) };
    const texts: string[] = [];
    for (const { sender, kind, ciphertext } of party.world.relay.waiting(client.address)) {
      const input = { our: client.our, their: sender, kind, ciphertext, now: party.world.clock.now() };
      const { result, changes } = await this.#engine.decrypt(view, input);
      this.#keep(changes);
      const { type, body } = decodeContent(result.plaintext);
      if (type === 'text') texts.push((body as { text: string }).text);
    }
    return texts;
  }
}

type Moment = readonly ['keys.bundle' | 'send', nth: number];

/** Watches what is sent to an account, and lets something happen while a call is under way. */
function during(
  { world }: Party,
  recipient: AccountId,
  moments: readonly (readonly [Moment, () => Promise<void>])[] = [],
): SendRequest[] {
  const sends: SendRequest[] = [];
  const counts = { 'keys.bundle': 0, send: 0 };
  world.relay.tamper.delay = (call) => {
    const { operation } = call;
    if (operation !== 'keys.bundle' && operation !== 'send') return undefined;
    if (operation === 'send' && call.request.recipient !== recipient) return undefined;
    if (operation === 'send') sends.push(call.request);
    const nth = counts[operation]++;
    return moments.find(([[name, at]]) => name === operation && at === nth)?.[1]();
  };
  return sends;
}

const bodyFor = ({ bodies }: SendRequest, id: number) => {
  const body = bodies.find((one) => one.deviceId === id);
  return body && toBase64Url(body.ciphertext);
};
const devicesOf = ({ bodies }: SendRequest) => bodies.map((body) => body.deviceId);
const distinctIds = (sends: readonly SendRequest[]) =>
  new Set(sends.map(({ attemptId }) => toBase64Url(attemptId))).size;

describe('a device that is linked while a message is on its way', () => {
  it.each<[string, Moment, sends: number[][]]>([
    ['before the keys are asked for', ['keys.bundle', 0], [[1, 2]]],
    ['between the keys and the send', ['send', 0], [[1], [1, 2]]],
  ])('gets it, %s', async (name, moment, devices) => {
    const { world, alice, bob, bobId } = await introduced(name);
    await world.pass(minuteMs);
    const second = await Newcomer.prepare(bob, 2, world.relay.account('bob')!.manifest);
    await alice.messenger.disconnect();
    await alice.messenger.sessions.reset(bobId);
    await alice.messenger.messages.send(bobId, { text: 'for all of you' });
    const sends = during(alice, bobId, [[moment, () => second.arrive()]]);
    await alice.online();
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect(bob.texts.filter((text) => text === 'for all of you')).toHaveLength(1);
    expect(await second.texts()).toEqual(['for all of you']);
    expect(sends.slice(0, devices.length).map(devicesOf)).toEqual(devices);
  });

  it('gets it while the send is on its way; what was made for the others stays, under a new attempt', async () => {
    const { world, alice, bob, bobId } = await introduced('kept');
    await alice.messenger.messages.send(bobId, { text: 'the session is there' });
    await world.pass(minuteMs);
    const second = await Newcomer.prepare(bob, 2, world.relay.account('bob')!.manifest);
    const third = await Newcomer.prepare(bob, 3, second.client.manifest);
    const sends = during(alice, bobId, [
      [['send', 0], () => second.arrive()],
      [['send', 1], () => third.arrive()],
    ]);
    await alice.messenger.messages.send(bobId, { text: 'for all of you' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect(sends.slice(0, 3).map(devicesOf)).toEqual([[1], [1, 2], [1, 2, 3]]);
    const [first, repaired, again] = sends as [SendRequest, SendRequest, SendRequest];
    expect(bodyFor(repaired, 1)).toBe(bodyFor(first, 1));
    expect([bodyFor(again, 1), bodyFor(again, 2)]).toEqual([bodyFor(first, 1), bodyFor(repaired, 2)]);
    expect(distinctIds([first, repaired, again])).toBe(3);
    expect(bob.texts.filter((text) => text === 'for all of you')).toHaveLength(1);
    expect([await second.texts(), await third.texts()]).toEqual([['for all of you'], ['for all of you']]);
  });

  it('under the number of another gets it alone', async () => {
    const { world, alice, bob, bobId } = await introduced('stale');
    await alice.messenger.messages.send(bobId, { text: 'the session is there' });
    await world.pass(minuteMs);
    const other = await Newcomer.prepare(bob, 1, world.relay.account('bob')!.manifest);
    const sends = during(alice, bobId, [[['send', 0], () => other.arrive()]]);
    const heard = bob.texts.length;
    await alice.messenger.messages.send(bobId, { text: 'for who is there' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'sent');
    expect(sends.map(devicesOf)).toEqual([[1], [1]]);
    expect(bodyFor(sends[1]!, 1)).not.toBe(bodyFor(sends[0]!, 1));
    expect(await other.texts()).toEqual(['for who is there']);
    expect(bob.texts).toHaveLength(heard);
  });
});

describe('a message that cannot be sent', () => {
  it('ends after 28 days, across restarts, and what was written later goes out', async () => {
    const { world, alice, bob, bobId } = await introduced('expires');
    await alice.messenger.disconnect();
    await alice.messenger.messages.send(bobId, { text: 'too old' });
    await world.pass(20 * dayMs);
    await alice.messenger.messages.send(bobId, { text: 'young enough' });
    alice.kill();
    await world.pass(limits.outboxTtlMs - 20 * dayMs + minuteMs);
    await alice.start();
    const sends = during(alice, bobId);
    await alice.online();
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect((await alice.history(bob)).slice(-2).map(({ status, failure }) => [status, failure])).toEqual([
      ['failed', 'send-expired'],
      ['delivered', null],
    ]);
    expect(bob.texts).toContain('young enough');
    expect(bob.texts).not.toContain('too old');
    expect([...(await alice.dump()).keys()].filter((key) => key.startsWith('outbox/'))).toEqual([]);
    expect(sends.length).toBeGreaterThan(0);
  });

  it.each([
    ['by years', 10 * 365 * dayMs],
    ['by a little more than it may wait', limits.outboxTtlMs + dayMs],
  ])('does not end by a clock that is set forward %s', async (_, offsetMs) => {
    const { world, alice, bob, bobId } = await introduced('forward');
    await alice.messenger.disconnect();
    for (const text of ['first', 'second']) await alice.messenger.messages.send(bobId, { text });
    alice.clockOffsetMs = offsetMs;
    await alice.restart();
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect(bob.texts.slice(-2)).toEqual(['first', 'second']);
  });

  it('ends by the relay’s clock where the own one was set forward', async () => {
    const { world, alice, aliceId, bobId } = await introduced('relay-clock');
    timesOf(world, aliceId, makeProblem('unavailable'), Infinity);
    await alice.messenger.messages.send(bobId, { text: 'never taken' });
    alice.clockOffsetMs = 10 * 365 * dayMs;
    expect(await foundAfter(alice, bobId, 0)).toBe('pending');
    expect(await foundAfter(alice, bobId, limits.outboxTtlMs - dayMs)).toBe('pending');
    expect(await foundAfter(alice, bobId, 2 * dayMs)).toBe('send-expired');
  });

  it.each([
    ['after it was written', false],
    ['and was written before the relay had said its time', true],
  ])('ends after 28 days where the own clock is set back, %s', async (_, restartFirst) => {
    const { world, alice, bob, aliceId, bobId } = await introduced(`back-${restartFirst}`);
    await alice.messenger.disconnect();
    if (restartFirst) {
      alice.kill();
      await alice.start();
    }
    await alice.messenger.messages.send(bobId, { text: 'too old' });
    const sends = timesOf(world, aliceId, makeProblem('unavailable'), Infinity);
    await alice.online();
    await world.until(() => sends.length > 0);
    // The relay may have taken it, and has forgotten it when it comes again.
    alice.kill();
    alice.clockOffsetMs = -10 * 365 * dayMs;
    await world.pass(40 * dayMs);
    world.relay.tamper = {};
    await alice.start();
    await alice.online();
    await world.until(async () => (await alice.history(bob)).at(-1)?.status !== 'pending');
    expect((await alice.history(bob)).at(-1)).toMatchObject({ status: 'failed', failure: 'send-expired' });
    await alice.messenger.messages.send(bobId, { text: 'young enough' });
    await world.until(() => bob.texts.includes('young enough'));
    expect(bob.texts).not.toContain('too old');
  });

  it.each([
    ['stands keeps it no longer than twice that', 0, ['pending', 'pending', 'pending', 'send-expired']],
    ['runs ahead does not end it', 100 * 365 * dayMs, ['pending', 'send-expired']],
  ] as const)('and a relay whose clock %s', async (name, relayOffsetMs, found) => {
    const { world, alice, aliceId, bobId } = await introduced(name);
    timesOf(world, aliceId, makeProblem('unavailable'), Infinity);
    await alice.messenger.messages.send(bobId, { text: 'never taken' });
    const relayTime = world.clock.now() + relayOffsetMs;
    world.relay.tamper.push = (push) =>
      push.name === 'ready' ? [{ name: push.name, payload: { relayTime } }] : [push];
    // The last look of the first count, the first after it, and so again.
    for (const [n, expected] of found.entries()) {
      const afterMs = n % 2 === 0 ? limits.outboxTtlMs - dayMs : 2 * dayMs;
      expect(await foundAfter(alice, bobId, afterMs)).toBe(expected);
    }
  });

  it('waits as long as the relay says, and not much longer', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('patient');
    const times = timesOf(world, aliceId, makeProblem('rate-limited', { retryAfterMs: 10 * minuteMs }), 1);
    await alice.messenger.messages.send(bobId, { text: 'in ten minutes' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    const waitedMs = times[1]! - times[0]!;
    expect(waitedMs).toBeGreaterThanOrEqual(10 * minuteMs);
    expect(waitedMs).toBeLessThan(13 * minuteMs);
  });

  it('is tried again after longer and longer, and at last about every minute', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('backs off');
    const times = timesOf(world, aliceId, makeProblem('unavailable'), 12);
    await alice.messenger.messages.send(bobId, { text: 'at last' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect(times.length).toBeGreaterThanOrEqual(13);
    const gaps = times.slice(1, 13).map((time, index) => time - times[index]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(limits.maxRetryDelayMs);
    expect(gaps.at(-1)!).toBeGreaterThan(10 * gaps[0]!);
    expect(bob.texts.filter((text) => text === 'at last')).toHaveLength(1);
  });
});

/** What has become of the last message to somebody when its device is opened again that much later. */
async function foundAfter(party: Party, recipient: AccountId, passMs: number): Promise<string> {
  const { world } = party;
  party.kill();
  await world.pass(passMs);
  await party.start();
  await party.online();
  await world.pass(minuteMs);
  const { status, failure } = (await party.rows(recipient)).at(-1)!;
  return failure ?? status;
}

/** When somebody's sends come, of which the first ones are refused. */
function timesOf(world: World, sender: AccountId, problem: ProblemDocument, refusals: number): number[] {
  const times: number[] = [];
  world.relay.tamper.refuse = ({ operation, device }) => {
    if (operation !== 'send' || device?.accountId !== sender) return undefined;
    times.push(world.clock.now());
    return times.length <= refusals ? problem : undefined;
  };
  return times;
}
