/** The stock of pre-keys: filled up when low, never blocked by one bad key, and used up in the open. */
import { describe, expect, it } from 'vitest';
import { heldKey, heldRecord } from '../../src/prekeys/held-keys.js';
import { limits } from '../../src/limits.js';
import { fromBase64Url, makeProblem, type PreKeyUploadResult } from '../../src/wire/index.js';
import { Party } from '../support/party.js';
import { World } from '../support/world.js';

/** One-time keys of a kind in a device's storage. */
async function heldIds(party: Party, kind: 'pre-key' | 'kem-pre-key'): Promise<number[]> {
  const prefix = `engine/${kind}/`;
  return [...(await party.dump()).keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => Number(key.slice(prefix.length)));
}

describe('the stock of pre-keys', () => {
  it('is made at registration and filled up when it is low', async () => {
    const world = new World('stock');
    const alice = await Party.register(world, 'alice', {
      stock: limits.preKeyStock,
      messageRequests: 'accept',
    });
    const full = { oneTime: limits.preKeyStock, kemOneTime: limits.preKeyStock };
    expect(await alice.messenger.preKeys.status()).toMatchObject(full);
    // Nothing to do while it is not low.
    const before = await alice.dump();
    expect(await alice.messenger.preKeys.replenish()).toMatchObject(full);
    expect(await alice.dump()).toEqual(before);

    const bob = await Party.register(world, 'bob');
    await bob.messenger.contacts.add(await alice.code());
    const aliceId = await alice.id();
    const used = limits.preKeyStock - limits.preKeyThreshold + 1;
    for (let n = 0; n < used; n += 1) {
      await bob.messenger.sessions.reset(aliceId);
      await bob.messenger.messages.send(aliceId, { text: `session ${n}` });
      await world.settle();
    }
    expect(world.relay.preKeyStatus(await alice.address()).oneTime).toBe(limits.preKeyThreshold - 1);
    await alice.messenger.preKeys.replenish();
    expect(await alice.messenger.preKeys.status()).toMatchObject(full);
    expect(await heldIds(alice, 'pre-key')).toHaveLength(limits.preKeyStock);
    expect(alice.undecryptable).toEqual([]);
    expect(alice.texts).toHaveLength(used);
  });

  it('is filled up by itself when the relay says that it runs low', async () => {
    const world = new World('keys-low');
    const alice = await Party.register(world, 'alice');
    const bob = await Party.register(world, 'bob');
    const address = await alice.address();
    const before = world.relay.preKeyStatus(address).oneTime;
    await bob.messenger.contacts.add(await alice.code());
    await bob.messenger.messages.send(address.accountId, { text: 'one fewer' });
    await world.settle();
    expect(world.relay.preKeyStatus(address).oneTime).toBeLessThan(before);
    await world.until(() => world.relay.preKeyStatus(address).oneTime > before);
  });

  it('is tried again on the same connection when the relay does not take it', async () => {
    const world = new World('later');
    const alice = await Party.open(world, 'alice');
    let refusals = 4;
    world.relay.tamper.refuse = ({ operation }) =>
      operation === 'keys.upload' && refusals-- > 0 ? makeProblem('unavailable') : undefined;
    await alice.messenger.account.register({ username: 'alice', password: alice.password });
    await alice.online();
    const states = alice.events.connection!.length;
    const address = await alice.address();
    await world.until(() => world.relay.preKeyStatus(address).oneTime > 0);
    expect(refusals).toBeLessThanOrEqual(0);
    expect(alice.events.connection).toHaveLength(states);
  });

  it('shares one round between calls at the same time', async () => {
    const world = new World('one-round');
    const alice = await Party.register(world, 'alice');
    let uploads = 0;
    world.relay.tamper.delay = ({ operation }) => {
      if (operation === 'keys.upload') uploads += 1;
      return undefined;
    };
    await Promise.all(Array.from({ length: 10 }, () => alice.messenger.preKeys.replenish()));
    expect(uploads).toBe(1);
  });
});

/** Bob can claim keys of alice, whose stock stays so small that the relay tells her each time. */
async function watched(seed: string) {
  const world = new World(seed);
  const alice = await Party.register(world, 'alice', { stock: 2, messageRequests: 'accept' });
  const bob = await Party.register(world, 'bob');
  const { accountId: aliceId } = await bob.messenger.contacts.add(await alice.code());
  /** When alice looked after her stock; nobody claims keys of bob. */
  const looks: number[] = [];
  world.relay.tamper.delay = ({ operation }) => {
    if (operation === 'keys.status') looks.push(world.clock.now());
    return undefined;
  };
  const claim = async () => {
    await bob.messenger.sessions.reset(aliceId);
    await bob.messenger.messages.send(aliceId, { text: 'are you there?' });
    await world.settle();
  };
  return { world, alice, looks, claim };
}

describe('a refill that somebody’s claim of keys leads to', () => {
  it('waits for a time that is drawn anew each time, and one answers all claims until then', async () => {
    const { world, looks, claim } = await watched('drawn');
    const delaysMs: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const claimedAt = world.clock.now();
      // Claimed on and on it is neither put off nor made twice.
      for (await claim(); looks.length === round; await world.pass(30_000)) await claim();
      delaysMs.push(looks[round]! - claimedAt);
      await world.pass(2 * limits.preKeyRefillJitterMs);
      expect(looks).toHaveLength(round + 1);
    }
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(limits.preKeyRefillJitterMs);
    expect(Math.max(...delaysMs)).toBeGreaterThan(limits.preKeyRefillJitterMs / 2);
    expect(Math.min(...delaysMs)).toBeLessThan(limits.preKeyRefillJitterMs / 2);
    expect(new Set(delaysMs).size).toBe(delaysMs.length);
  });

  it('does not wait when the device has just come', async () => {
    const { world, alice, looks, claim } = await watched('just-come');
    const address = await alice.address();
    await alice.messenger.disconnect();
    await claim();
    await claim();
    const before = world.relay.preKeyStatus(address).oneTime;
    await alice.online();
    const onlineAt = world.clock.now();
    await world.settle();
    expect(looks).toEqual([onlineAt]);
    expect(world.relay.preKeyStatus(address).oneTime).toBeGreaterThan(before);
  });

  it('is called off when the connection ends: the next one begins with one', async () => {
    const { world, alice, looks, claim } = await watched('called-off');
    await claim();
    await alice.messenger.disconnect();
    await world.pass(2 * limits.preKeyRefillJitterMs);
    expect(looks).toEqual([]);
    await alice.online();
    await world.pass(2 * limits.preKeyRefillJitterMs);
    expect(looks).toHaveLength(1);
  });
});

describe('a relay that always says it has no keys', () => {
  it('gets no more than a bounded number of one-time keys, and hears no more then', async () => {
    const world = new World('bottomless');
    // The engine of this one is quick; a relay has to verify what it makes all the same.
    const bob = await Party.register(world, 'bob', { stock: 200 });
    const none = { oneTime: 0, kemOneTime: 0 };
    let uploads = 0;
    world.relay.tamper.responses = {
      'keys.status': (honest) => ({ ...honest, ...none }),
      'keys.upload': (honest) => ({
        results: [
          ...honest.results.map((result) => ({ ...result, status: 'stored' as const })),
          // Refused fifty times over, it is one key that goes.
          ...(uploads === 1 ? Array(50).fill({ ...honest.results.at(-1)!, status: 'full' }) : []),
        ],
        status: { ...honest.status, ...none },
      }),
    };
    world.relay.tamper.delay = ({ operation }) => {
      if (operation === 'keys.upload') uploads += 1;
      return undefined;
    };
    const rounds = Math.ceil(limits.maxOneTimePreKeys / limits.preKeyStock) + 2;
    let refused: unknown;
    for (let round = 0; round < rounds; round += 1) {
      await bob.messenger.preKeys.replenish().catch((error: unknown) => (refused = error));
    }
    expect(await heldIds(bob, 'pre-key')).toHaveLength(limits.maxOneTimePreKeys);
    // And the last-resort key.
    expect(await heldIds(bob, 'kem-pre-key')).toHaveLength(limits.maxOneTimePreKeys + 1);
    expect(refused).toMatchObject({ code: 'limit-exceeded', details: { limit: 'maxOneTimePreKeys' } });
    // On a connection it is not tried again and again.
    const before = uploads;
    let asked = 0;
    world.relay.tamper.delay = ({ operation }) => {
      if (operation === 'keys.status') asked += 1;
      return undefined;
    };
    await bob.restart();
    await world.pass(10 * 60_000);
    expect([asked, uploads]).toEqual([1, before]);
    // In the next life, too, it is known how many there are.
    await expect(bob.messenger.preKeys.replenish()).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('gets the signed and the last-resort key it had, and no others', async () => {
    const world = new World('forgetful');
    const alice = await Party.register(world, 'alice');
    const lasting = async () =>
      [...(await alice.dump()).keys()].filter((key) => /^engine\/(signed-pre-key|kem-pre-key)\//.test(key));
    const before = await lasting();
    const ids = world.relay.preKeyStatus(await alice.address());
    const uploaded: unknown[] = [];
    world.relay.tamper.responses = {
      'keys.status': (honest) => ({
        ...honest,
        oneTime: 100,
        kemOneTime: 100,
        signedId: null,
        kemLastResortId: null,
      }),
      'keys.upload': (honest, { keys }) => {
        uploaded.push([keys.signed?.id, keys.kemLastResort?.id]);
        return honest;
      },
    };
    for (let round = 0; round < 3; round += 1) await alice.messenger.preKeys.replenish();
    expect(await lasting()).toEqual(before);
    expect(uploaded).toEqual(Array(3).fill([ids.signedId, ids.kemLastResortId]));
  });

  it('does not make keys count that are used up', async () => {
    const world = new World('counted');
    const alice = await Party.register(world, 'alice', { messageRequests: 'accept' });
    const bob = await Party.register(world, 'bob');
    const aliceId = (await bob.messenger.contacts.add(await alice.code())).accountId;
    for (let n = 0; n < 3; n += 1) {
      await bob.messenger.sessions.reset(aliceId);
      await bob.messenger.messages.send(aliceId, { text: `session ${n}` });
      await world.settle();
    }
    const held = (await alice.dump()).get(heldKey)!;
    const counts = {
      oneTime: (await heldIds(alice, 'pre-key')).length,
      // One of them is the last-resort key.
      kemOneTime: (await heldIds(alice, 'kem-pre-key')).length - 1,
    };
    expect(heldRecord.decode(fromBase64Url(held))).toEqual(counts);
  });
});

describe('an upload of which single keys are refused', () => {
  it.each([
    ['invalid', false],
    ['full', false],
    ['conflict', true],
  ] as const)('as %s keeps the others, and goes on', async (status, stays) => {
    const world = new World(`refused-${status}`);
    const alice = await Party.register(world, 'alice', { stock: 5 });
    const known = new Set([...(await heldIds(alice, 'pre-key')), ...(await heldIds(alice, 'kem-pre-key'))]);
    let refused: PreKeyUploadResult[] = [];
    world.relay.tamper.responses = {
      'keys.upload': (honest) => {
        const pick = (kind: PreKeyUploadResult['kind']) =>
          honest.results.find((result) => result.kind === kind)!;
        refused = [pick('one-time'), pick('kem-one-time')];
        const results = honest.results.map((result) =>
          refused.includes(result) ? { ...result, status } : result,
        );
        return { ...honest, results };
      },
    };
    await alice.messenger.preKeys.replenish();
    world.relay.tamper = {};
    expect(refused).toHaveLength(2);
    const held = new Set([...(await heldIds(alice, 'pre-key')), ...(await heldIds(alice, 'kem-pre-key'))]);
    for (const { id } of refused) expect(held.has(id)).toBe(stays);
    for (const id of known) expect(held.has(id)).toBe(true);
    expect(held.size).toBe(known.size + 10 - (stays ? 0 : 2));
    // The next round is not held up by what was refused.
    await alice.messenger.preKeys.replenish();
    expect([...(await alice.dump()).keys()]).not.toContain('prekeys/upload');
  });
});

/** How many first messages bob sends to alice, who has one key of a kind. */
const firstMessages = 6;

/** Alice has read first messages, some of them by her last-resort key, which the relay can show her again. */
async function servedByLastResort(seed: string) {
  const world = new World(seed);
  const alice = await Party.register(world, 'alice', { stock: 1 });
  const bob = await Party.register(world, 'bob');
  const address = await alice.address();
  await bob.messenger.contacts.add(await alice.code());
  alice.kill();
  let lastResort = 0;
  world.relay.tamper.responses = {
    'keys.bundle': (honest) => {
      if (honest.devices[0]?.kemLastResort) lastResort += 1;
      return honest;
    },
  };
  for (let n = 0; n < firstMessages; n += 1) {
    await bob.messenger.sessions.reset(address.accountId);
    await bob.messenger.messages.send(address.accountId, { text: `try ${n}` });
    await world.settle();
  }
  expect(lastResort).toBeGreaterThanOrEqual(2);
  const waiting = world.relay.waiting(address);
  expect(waiting).toHaveLength(firstMessages);
  await alice.start();
  await alice.messenger.connect();
  await world.until(() => alice.texts.length === firstMessages);
  /** Shows them all once more, under ids of the relay's own, to a device that is started anew. */
  const showAgain = async () => {
    let shown = false;
    world.relay.tamper.push = (push) => {
      if (push.name !== 'caught-up') return [push];
      const envelopes = waiting.map((envelope, n) => ({
        ...envelope,
        id: `00000000-0000-4000-8000-00000000000${n}`,
      }));
      shown = true;
      return [{ name: 'envelopes', payload: { envelopes } }, push];
    };
    await alice.restart();
    await world.until(() => shown && alice.messenger.connection.kind === 'online');
    await world.pass(5_000);
  };
  return { world, alice, bob, address, lastResort, showAgain };
}

describe('a device whose one-time keys are used up', () => {
  it('is reached through its last-resort key, and no first message counts twice', async () => {
    const { world, alice, bob, lastResort, showAgain } = await servedByLastResort('last-resort');
    // Both are told, and it outlives them.
    await bob.restart();
    const countOf = async ({ messenger }: Party) => (await messenger.diagnostics.counters()).lastResort;
    expect(await countOf(bob)).toEqual({ begun: lastResort, usedUp: 0 });
    await world.until(async () => (await countOf(alice)).usedUp === 1);
    expect(await countOf(alice)).toEqual({ begun: 0, usedUp: 1 });
    await showAgain();
    expect(await alice.texted(bob)).toHaveLength(firstMessages);
    expect(alice.undecryptable).toEqual([]);
    // With all sessions gone as well: a last-resort key remembers whom it served, the others are no more.
    await alice.messenger.contacts.remove(await bob.id());
    await showAgain();
    const reasons = alice.undecryptable;
    expect(reasons.filter((reason) => reason === 'pre-key-replayed')).toHaveLength(lastResort);
    expect(reasons.filter((reason) => reason === 'pre-key-missing')).toHaveLength(firstMessages - lastResort);
    expect(await alice.rows(await bob.id())).toHaveLength(firstMessages);
  });

  it('takes no first message twice in a storage that was brought back, which has left its sessions', async () => {
    const scene = await servedByLastResort('brought-back');
    const { world, alice, bob, address, lastResort, showAgain } = scene;
    await alice.messenger.contacts.accept(await bob.id());
    const older = alice.medium.copy();
    await bob.messenger.messages.send(address.accountId, { text: 'soon lost' });
    await world.until(() => alice.texts.includes('soon lost'));
    await world.pass(5_000);
    alice.kill();
    alice.medium = older;
    await showAgain();
    expect(alice.events.continuity?.map(({ verdict }) => verdict)).toEqual(['rolled-back']);
    // None of them is taken for a new session's.
    expect(alice.undecryptable).toEqual(Array<string>(lastResort).fill('pre-key-replayed'));
    const texts = await alice.texted(bob);
    expect(texts.filter((text) => text.startsWith('try'))).toHaveLength(firstMessages);
    await bob.messenger.messages.send(address.accountId, { text: 'go on' });
    await world.until(async () => (await alice.texted(bob)).includes('go on'));
  });
});
