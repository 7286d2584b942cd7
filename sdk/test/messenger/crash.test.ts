/**
 * A conversation in which one device dies, or its storage fails, at the n-th commit, for every n: each
 * message takes effect once on each side, no key is used twice, nothing is left behind.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { MessageHandler } from '../../src/messages/index.js';
import type { StorageChange } from '../../src/ports/storage.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import type { AccountId, DeviceId, Envelope } from '../../src/wire/index.js';
import { KeyWatch } from '../support/key-watch.js';
import type { CommitFate } from '../../src/testing/failing-storage.js';
import { Party, textOf } from '../support/party.js';
import { World } from '../support/world.js';

/** More commits than a run has. */
const maxCommits = 80;

const world = new World('crash');
const keys = new KeyWatch();
let alice: Party;
let bob: Party;
let aliceId: AccountId;
let bobId: AccountId;
let firstEnvelope: Envelope | undefined;

/** Counts the effects of a message; answers what is asked. */
const counting: MessageHandler = async (message, unit) => {
  const key = `count/${message.id}`;
  const before = (await unit.get(key))?.[0] ?? 0;
  unit.put(key, Uint8Array.of(before + 1));
  const text = textOf(message);
  if (text.endsWith('?')) await unit.send(message.sender, { text: `yes, ${text.slice(0, -1)}` });
};

beforeAll(async () => {
  alice = await Party.register(world, 'alice', { stock: 40, onMessage: counting });
  bob = await Party.register(world, 'bob', { stock: 40, onMessage: counting });
  aliceId = await alice.id();
  bobId = await bob.id();
});

/** Lets one commit of a device have another fate, and tells whether it came to that. */
function plan(victim: Party, at: number, fate: CommitFate): { fired: boolean; usedKeys: number } {
  const state = { fired: false, count: 0, usedKeys: 0 };
  const noteUsedKey = (changes: readonly StorageChange[], happens: CommitFate) => {
    if (usesOneTimeKey(changes) && (happens === 'pass' || happens === 'die-after')) state.usedKeys += 1;
    return happens;
  };
  bob.commitPlan = (changes) => noteUsedKey(changes, 'pass');
  victim.commitPlan = (changes) => {
    state.count += 1;
    const happens = state.count === at ? fate : 'pass';
    state.fired ||= state.count === at;
    return victim === bob ? noteUsedKey(changes, happens) : happens;
  };
  return state;
}

/** A one-time pre-key is gone in the very commit that has its session and its message. */
function usesOneTimeKey(changes: readonly StorageChange[]): boolean {
  const touches = (pattern: RegExp, deleted: boolean) =>
    changes.some(({ key, value }) => pattern.test(key) && (value === undefined) === deleted);
  if (!touches(/^engine\/pre-key\//, true)) return false;
  expect(touches(/^engine\/kem-pre-key\//, true)).toBe(true);
  expect(touches(/^engine\/session\//, false)).toBe(true);
  expect(touches(/^message\//, false)).toBe(true);
  expect(touches(/^seen\//, false)).toBe(true);
  return true;
}

async function texts(owner: Party, peer: AccountId, run: string): Promise<string[]> {
  return (await owner.rows(peer)).map(textOf).filter((text) => text.includes(run));
}

/** What happens in every run; who dies is opened again, and the user does again what was not done. */
async function converse(run: string): Promise<void> {
  const bobCode = await codeOf(bob);
  firstEnvelope = undefined;
  world.relay.tamper = {
    delay: (call) => {
      keys.see(call);
      return undefined;
    },
    envelopes: (page, { accountId }) => {
      if (accountId === bobId) firstEnvelope ??= page[0];
      return page;
    },
  };
  await alice.persist(
    () => knows(alice, bobId, 'accepted'),
    (messenger) => messenger.contacts.add(bobCode),
  );
  await say(`first ${run}`);
  await untilBoth(async () => (await texts(bob, aliceId, run)).length === 1);
  await bob.persist(
    () => knows(bob, aliceId, 'accepted'),
    (messenger) => messenger.contacts.accept(aliceId),
  );
  await say(`second ${run}?`);
  await say(`third ${run}`);
  await untilBoth(async () => (await texts(alice, bobId, run)).length === 4);
  await untilBoth(isSettled);
}

async function say(text: string): Promise<void> {
  await alice.persist(
    async () => (await alice.rows(bobId)).some((message) => textOf(message) === text),
    (messenger) => messenger.messages.send(bobId, { text }),
  );
}

/** Opens whoever is dead, again and again, until the condition holds. */
async function untilBoth(condition: () => Promise<boolean>): Promise<void> {
  await world.until(async () => {
    await alice.revive();
    await bob.revive();
    return condition();
  });
}

/** Nothing is on its way any more: outboxes, owed receipts and mailboxes are empty. */
async function isSettled(): Promise<boolean> {
  for (const party of [alice, bob]) {
    const { accountId, deviceId } = party === alice ? await alice.address() : await bob.address();
    if (world.relay.waiting({ accountId, deviceId }).length > 0) return false;
    for (const key of (await party.dump()).keys()) if (/^(outbox|receipt)\//.test(key)) return false;
  }
  return true;
}

async function knows(owner: Party, peer: AccountId, relation: string): Promise<boolean> {
  const record = (await owner.dump()).get(`contact/${peer}`);
  if (record === undefined) return false;
  await owner.revive();
  return (await owner.messenger.contacts.get(peer))?.relation === relation;
}

async function codeOf(party: Party): Promise<string> {
  await party.revive();
  return party.code();
}

async function expectOnce(run: string): Promise<void> {
  const said = [`first ${run}`, `second ${run}?`, `third ${run}`];
  const answer = `yes, second ${run}`;
  const ofBob = await texts(bob, aliceId, run);
  expect(ofBob.filter((text) => text !== answer)).toEqual(said);
  expect(ofBob.toSorted()).toEqual([...said, answer].toSorted());
  const ofAlice = await texts(alice, bobId, run);
  expect(ofAlice.filter((text) => text !== answer)).toEqual(said);
  expect(ofAlice.toSorted()).toEqual([...said, answer].toSorted());
  // The first one came as a request: its receipt is owed from the moment it was accepted.
  const statuses = (await alice.rows(bobId))
    .filter((row) => textOf(row).includes(run))
    .map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(['delivered', 'delivered', 'delivered', 'received']);
  for (const [owner, peer] of [
    [alice, bobId],
    [bob, aliceId],
  ] as const) {
    const received = (await owner.rows(peer)).filter((row) => row.sender === peer);
    for (const { id } of received) {
      const [count] = await memoryStorage({ medium: owner.medium }).get([`app/count/${id}`]);
      expect(count).toEqual(Uint8Array.of(1));
    }
    expect(owner.undecryptable).toEqual([]);
    // Every entry of the journal was heard, whoever died before it could be.
    const heard = [...owner.journal.keys()].toSorted((left, right) => left - right);
    expect(heard).toEqual(heard.map((_seq, index) => index + 1));
  }
}

/** The relay delivers the first message once more: it has had its effect. */
async function expectReplayHarmless(run: string): Promise<void> {
  const before = await texts(bob, aliceId, run);
  const replayed = firstEnvelope!;
  world.relay.tamper = {
    push: (push, { accountId }) =>
      accountId === bobId && push.name === 'caught-up'
        ? [{ name: 'envelopes', payload: { envelopes: [replayed] } }, push]
        : [push],
  };
  await bob.restart();
  await world.until(() => bob.messenger.connection.kind === 'online');
  await world.pass(1_000);
  expect(await texts(bob, aliceId, run)).toEqual(before);
  expect(bob.undecryptable).toEqual([]);
}

/** Back to people who do not know each other, so that the next run begins a session again. */
async function part(): Promise<void> {
  world.relay.tamper = {};
  for (const [party, peer] of [
    [alice, bobId],
    [bob, aliceId],
  ] as const) {
    party.commitPlan = () => 'pass';
    await party.revive();
    await party.messenger.contacts.remove(peer);
  }
  await world.pass(1_000);
}

const fates = ['die-before', 'die-after', 'fail'] as const;
const victims = ['alice', 'bob'] as const;
const cases = victims.flatMap((victim) => fates.map((fate) => ({ victim, fate })));

describe('a conversation', () => {
  it.each(cases)('survives that $victim has $fate at every commit in turn', async ({ victim, fate }) => {
    let commits = 0;
    for (let at = 1; at <= maxCommits; at += 1) {
      const run = `#${victim[0]}${fate.at(-1)}${at}`;
      const state = plan(victim === 'alice' ? alice : bob, at, fate);
      await converse(run);
      await expectOnce(run);
      expect(state.usedKeys).toBe(1);
      if (at % 5 === 1) await expectReplayHarmless(run);
      await part();
      if (!state.fired) break;
      commits = at;
    }
    // Fewer would mean that the plan does not reach the commits it is about.
    expect(commits).toBeGreaterThanOrEqual(8);
    expect(commits).toBeLessThan(maxCommits);
    expect(keys.keyCount).toBeGreaterThan(0);
  });
});

describe('a registration', () => {
  it.each(fates)(
    'with %s at every commit in turn is one account in the end, and can be written to',
    async (fate) => {
      let fired = true;
      for (let at = 1; fired && at <= maxCommits; at += 1) {
        const username = `new_${fate.replace('-', '_')}_${at}`;
        const party = await Party.open(world, username);
        let count = 0;
        party.commitPlan = () => {
          count += 1;
          return count === at ? fate : 'pass';
        };
        await party.persist(
          async () => world.relay.account(username) !== undefined && (await isRegistered(party)),
          (messenger) => messenger.account.register({ username, password: party.password }),
        );
        // Whatever did not get through follows with the first connections.
        await party.revive();
        void party.messenger.connect().catch(() => undefined);
        const address = { accountId: await idOf(party), deviceId: 1 as DeviceId };
        await world.until(async () => {
          await party.revive();
          return world.relay.preKeyStatus(address).signedId !== null;
        });
        await bob.revive();
        const { accountId } = await bob.messenger.contacts.add(await codeOf(party));
        await bob.messenger.messages.send(accountId, { text: `welcome, ${username}` });
        await world.until(async () => {
          await party.revive();
          return (await party.rows(bobId)).length === 1;
        });
        fired = count >= at;
        party.kill();
        expect(at).toBeLessThan(maxCommits);
      }
    },
  );
});

async function isRegistered(party: Party): Promise<boolean> {
  await party.revive();
  return (await party.messenger.account.profile()) !== undefined;
}

async function idOf(party: Party): Promise<AccountId> {
  await party.revive();
  return party.id();
}
