/** The signed and the last-resort key: replaced weekly, and kept for as long as anything may name them. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import { makeProblem, wireLimits, type PreKeyUploadResult } from '../../src/wire/index.js';
import { Party } from '../support/party.js';
import { World } from '../support/world.js';

const dayMs = 24 * 60 * 60 * 1000;
const longestWaitMs = limits.preKeyRotationMs + limits.preKeyRotationJitterMs + limits.preKeyCheckMs;

/** What the relay hands out today. */
async function lastingIds(world: World, party: Party): Promise<(number | null)[]> {
  const { signedId, kemLastResortId } = world.relay.preKeyStatus(await party.address());
  return [signedId, kemLastResortId];
}

/** Ids of the private halves in a device's storage. */
async function heldIds(party: Party, kind: 'signed-pre-key' | 'kem-pre-key'): Promise<number[]> {
  const prefix = `engine/${kind}/`;
  const keys = [...(await party.dump()).keys()].filter((key) => key.startsWith(prefix));
  return keys.map((key) => Number(key.slice(prefix.length)));
}

/** Time in which a device comes by once in so many days. */
async function pass(world: World, party: Party, visits: number, everyDays = 1): Promise<void> {
  for (let visit = 0; visit < visits; visit += 1) {
    party.kill();
    await world.pass(everyDays * dayMs);
    await party.restart();
    await world.until(() => party.messenger.connection.kind === 'online');
    await world.settle();
  }
}

describe('the signed and the last-resort key', () => {
  it('are replaced after a week on a connection that stays, and not before', async () => {
    const world = new World('weekly');
    const alice = await Party.register(world, 'alice');
    const first = await lastingIds(world, alice);
    await world.pass(limits.preKeyRotationMs - limits.preKeyCheckMs);
    expect(await lastingIds(world, alice)).toEqual(first);
    await world.pass(longestWaitMs - limits.preKeyRotationMs + limits.preKeyCheckMs);
    const second = await lastingIds(world, alice);
    for (const [index, id] of second.entries()) expect(id).not.toBe(first[index]);
    // Those before stay.
    expect(await heldIds(alice, 'signed-pre-key')).toEqual(expect.arrayContaining([first[0], second[0]]));
    expect(await heldIds(alice, 'kem-pre-key')).toEqual(expect.arrayContaining([first[1], second[1]]));
  });

  it('of devices that began together are not replaced together', async () => {
    const world = new World('jitter');
    const people = ['alice', 'bob', 'carol', 'dave', 'erin'];
    const parties = await Promise.all(people.map((name) => Party.register(world, name, { stock: 1 })));
    const ids = () => Promise.all(parties.map(async (party) => (await lastingIds(world, party))[0]));
    const first = await ids();
    await world.pass(limits.preKeyRotationMs + limits.preKeyRotationJitterMs / 2);
    const replaced = (await ids()).filter((id, index) => id !== first[index]);
    expect(replaced.length).toBeGreaterThan(0);
    expect(replaced.length).toBeLessThan(people.length);
    await world.pass(limits.preKeyRotationJitterMs / 2 + limits.preKeyCheckMs);
    for (const [index, id] of (await ids()).entries()) expect(id).not.toBe(first[index]);
  });

  it('are replaced at the next connection after a time offline', async () => {
    const world = new World('holiday');
    const alice = await Party.register(world, 'alice');
    const first = await lastingIds(world, alice);
    alice.kill();
    await world.pass(20 * dayMs);
    await alice.start();
    await alice.online();
    await world.settle();
    expect((await lastingIds(world, alice))[0]).not.toBe(first[0]);
    expect(await heldIds(alice, 'signed-pre-key')).toHaveLength(2);
  });

  it('of a device whose clock was years ahead go on being replaced, and none is lost', async () => {
    const world = new World('ahead');
    const alice = await Party.register(world, 'alice');
    const ids = [(await lastingIds(world, alice))[0]];
    alice.clockOffsetMs = 10 * 365 * dayMs;
    await pass(world, alice, 1);
    ids.push((await lastingIds(world, alice))[0]);
    alice.clockOffsetMs = 0;
    await pass(world, alice, 1);
    ids.push((await lastingIds(world, alice))[0]);
    expect(new Set(ids).size).toBe(3);
    expect((await heldIds(alice, 'signed-pre-key')).toSorted()).toEqual((ids as number[]).toSorted());
  });
});

describe('sixty days of messages under way', () => {
  it('are read, whichever keys they were begun with, and in the end the keys go', async () => {
    const world = new World('sixty-days', { accessTokenTtlMs: 400 * dayMs });
    const alice = await Party.register(world, 'alice', { messageRequests: 'accept', stock: 2 });
    const bob = await Party.register(world, 'bob');
    const { accountId } = await bob.messenger.contacts.add(await alice.code());
    const signedIds = new Set<number | null | undefined>();
    // 27 days in which what bob writes, each time in a new session, does not get through.
    world.relay.tamper.refuse = ({ operation }) =>
      operation === 'send' ? makeProblem('unavailable') : undefined;
    const days = 27;
    for (let day = 0; day < days; day += 1) {
      if (!bob.running) await bob.restart();
      await bob.messenger.sessions.reset(accountId);
      await bob.messenger.messages.send(accountId, { text: `day ${day}` });
      signedIds.add((await lastingIds(world, alice))[0]);
      await world.settle();
      bob.kill();
      await pass(world, alice, 1);
    }
    expect(signedIds.size).toBeGreaterThanOrEqual(4);
    // Then it does, and waits 29 days for her.
    alice.kill();
    world.relay.tamper = {};
    await bob.restart();
    const address = { accountId, deviceId: 1 as never };
    await world.until(() => world.relay.waiting(address).length === days);
    await world.pass(29 * dayMs);
    await alice.start();
    await alice.online();
    await world.until(() => alice.texts.length === days);
    expect(alice.texts).toEqual(Array.from({ length: days }, (_, day) => `day ${day}`));
    expect(alice.undecryptable).toEqual([]);

    await pass(world, alice, limits.maxRetiredPreKeys, 9);
    const held = await heldIds(alice, 'signed-pre-key');
    expect(held).toHaveLength(1 + limits.maxRetiredPreKeys);
    for (const id of signedIds) expect(held).not.toContain(id);
    const kem = await heldIds(alice, 'kem-pre-key');
    const { kemOneTime } = world.relay.preKeyStatus(address);
    expect(kem).toHaveLength(kemOneTime + 1 + limits.maxRetiredPreKeys);
    // What a last-resort key remembers goes with it.
    const uses = [...(await alice.dump()).keys()].filter((key) => key.startsWith('engine/kem-pre-key-uses/'));
    for (const key of uses) expect(kem).toContain(Number(key.split('/').at(-1)));
  }, 120_000);
});

describe('a session that was begun with keys on their last day and never answered', () => {
  /** As long as an engine writes in one, and then begins another. */
  const unansweredMs = 30 * dayMs;

  it('is read after nearly two months in which the keys were replaced every week', async () => {
    const world = new World('unanswered', { accessTokenTtlMs: 400 * dayMs });
    const alice = await Party.register(world, 'alice', { messageRequests: 'accept', stock: 2 });
    const bob = await Party.register(world, 'bob');
    const { accountId } = await bob.messenger.contacts.add(await alice.code());
    world.relay.tamper.refuse = ({ operation }) =>
      operation === 'send' ? makeProblem('unavailable') : undefined;
    let bundles = 0;
    world.relay.tamper.delay = ({ operation }) => void (bundles += operation === 'keys.bundle' ? 1 : 0);
    await bob.messenger.messages.send(accountId, { text: 'too old' });
    await world.settle();
    const signedIds = new Set([(await lastingIds(world, alice))[0]]);
    const [keyOfSession] = signedIds;
    const daily = async (days: number) => {
      bob.kill();
      for (let day = 0; day < days; day += 1) {
        await pass(world, alice, 1);
        signedIds.add((await lastingIds(world, alice))[0]);
      }
      await bob.restart();
      await world.settle();
    };
    await daily(unansweredMs / dayMs - 1);
    // In the same session, as the bundles show; and then that one has to wait as long as any may.
    await bob.messenger.messages.send(accountId, { text: 'young enough' });
    await world.settle();
    await daily(limits.outboxTtlMs / dayMs - 1);
    expect(signedIds.size).toBeGreaterThanOrEqual(8);
    expect(await heldIds(alice, 'signed-pre-key')).toContain(keyOfSession);
    world.relay.tamper.refuse = () => undefined;
    await world.until(() => alice.texts.length === 1);
    expect([alice.texts, alice.undecryptable, bundles]).toEqual([['young enough'], [], 1]);
  }, 120_000);

  it('finds its keys also where that message then waits at the relay as long as any may', () => {
    const needed = unansweredMs + limits.outboxTtlMs + wireLimits.mailboxTtlMs;
    expect(limits.maxRetiredPreKeys * limits.preKeyRotationMs).toBeGreaterThanOrEqual(needed);
  });
});

describe('a relay that does not take new lasting keys', () => {
  it.each([
    ['invalid', false],
    ['full', false],
    ['conflict', true],
  ] as const)(
    'as %s leaves the ones before in use, and is asked again a day later',
    async (status, stays) => {
      const world = new World(`not-taken-${status}`);
      const alice = await Party.register(world, 'alice');
      const before = await heldIds(alice, 'signed-pre-key');
      let refused: PreKeyUploadResult | undefined;
      world.relay.tamper.responses = {
        'keys.upload': (honest) => ({
          ...honest,
          results: honest.results.map((result) => {
            if (result.kind !== 'signed') return result;
            // The first: what the relay then has and this device let go is replaced by the one before.
            refused ??= { ...result, status };
            return { ...result, status };
          }),
        }),
      };
      await world.pass(longestWaitMs);
      expect(refused).toBeDefined();
      const id = refused!.id;
      const held = await heldIds(alice, 'signed-pre-key');
      expect(held).toEqual(expect.arrayContaining(before));
      expect(held.includes(id)).toBe(stays);
      world.relay.tamper = {};
      await world.pass(limits.preKeyRotationRetryMs + limits.preKeyCheckMs);
      const [now] = await lastingIds(world, alice);
      expect([...before, id]).not.toContain(now);
      expect(await heldIds(alice, 'signed-pre-key')).toContain(now);
    },
  );
});
