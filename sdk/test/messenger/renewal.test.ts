/** Sessions that fail are renewed without either user, and never faster than their limit. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { Envelope } from '../../src/wire/index.js';
import { losePreKeys, loseSessions } from '../support/lost-sessions.js';
import { introduced, Party } from '../support/party.js';
import { changedKeys } from '../support/storage-dump.js';
import { World } from '../support/world.js';

/** How many first messages a device has sent since it was asked to count. */
function countBundles(party: Party): () => number {
  let count = 0;
  party.world.relay.tamper.delay = ({ operation }) => {
    if (operation === 'keys.bundle') count += 1;
    return undefined;
  };
  return () => count;
}

describe('a device that has lost its sessions', () => {
  it('begins one with the contact whose message it cannot read, and the next ones arrive', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('lost');
    await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
    await world.pass(5_000);
    await loseSessions(bob);
    await alice.messenger.messages.send(bobId, { text: 'unreadable' });
    await world.until(() => bob.undecryptable.length === 1);
    expect(bob.undecryptable).toEqual(['no-session']);
    await world.pass(5_000);
    await alice.messenger.messages.send(bobId, { text: 'readable' });
    await world.until(async () => (await bob.texted(aliceId)).includes('readable'));
    await bob.messenger.messages.send(aliceId, { text: 'and back' });
    await world.until(async () => (await alice.texted(bobId)).includes('and back'));
    expect(bob.undecryptable).toHaveLength(1);
    expect(alice.undecryptable).toEqual([]);
    // What said nothing is in nobody's conversation.
    expect(await alice.texted(bobId)).toEqual([
      'hello bob',
      'hello alice',
      'unreadable',
      'readable',
      'and back',
    ]);
  });

  it('ends up in one session with a contact that lost them too', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('both-lost');
    for (let n = 0; n < 3; n += 1) {
      // Both have a session, and each the other's is gone.
      await alice.messenger.messages.send(bobId, { text: `before ${n}` });
      await bob.messenger.messages.send(aliceId, { text: `before ${n}` });
      await world.pass(1_000);
    }
    await loseSessions(bob);
    await loseSessions(alice);
    const lostBefore = alice.undecryptable.length + bob.undecryptable.length;
    const exchanges = 10;
    for (let n = 0; n < exchanges; n += 1) {
      await alice.messenger.messages.send(bobId, { text: `a${n}` });
      await bob.messenger.messages.send(aliceId, { text: `b${n}` });
      await world.pass(1_000);
    }
    expect(await bob.texted(aliceId)).toContain(`a${exchanges - 1}`);
    expect(await alice.texted(bobId)).toContain(`b${exchanges - 1}`);
    expect(alice.undecryptable.length + bob.undecryptable.length).toBe(lostBefore);
  });
});

describe('two that cannot read each other, and have begun anew within the hour', () => {
  it('agree on a session in ten exchanges, where one has lost keys that the relay still hands out', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('dead-keys');
    const exchange = async (text: string) => {
      await alice.messenger.messages.send(bobId, { text: `${text} of alice` });
      await bob.messenger.messages.send(aliceId, { text: `${text} of bob` });
      await world.pass(1_000);
    };
    await exchange('before');
    for (const party of [bob, alice]) {
      await loseSessions(party);
      await exchange('again');
    }
    await losePreKeys(bob);
    await loseSessions(alice);
    for (let n = 1; n < 10; n += 1) await exchange(`${n}`);
    await exchange('last');
    expect(await bob.texted(aliceId)).toContain('last of alice');
    expect(await alice.texted(bobId)).toContain('last of bob');
  });
});

describe('forged envelopes', () => {
  it('of a contact begin four sessions an hour, and block nothing', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('forged');
    const bundles = countBundles(bob);
    let forged = 0;
    world.relay.tamper.envelopes = (page, { accountId }) =>
      accountId === bobId ? page.flatMap((envelope) => [...forgeries(envelope, 5), envelope]) : page;
    const forgeries = (envelope: Envelope, count: number) =>
      Array.from({ length: count }, () => {
        forged += 1;
        const ciphertext = envelope.ciphertext.slice();
        ciphertext[ciphertext.length - 1]! ^= 1;
        const id = `00000000-0000-4000-8000-${String(forged).padStart(12, '0')}`;
        return { ...envelope, id: id as Envelope['id'], ciphertext };
      });
    for (let n = 0; n < 6; n += 1) {
      await alice.messenger.messages.send(bobId, { text: `good ${n}` });
      await world.pass(60_000);
    }
    expect((await bob.texted(aliceId)).slice(-6)).toEqual(Array.from({ length: 6 }, (_, n) => `good ${n}`));
    expect(bob.undecryptable.length).toBeGreaterThanOrEqual(20);
    expect(bundles()).toBe(limits.maxSessionRenewals);
    await world.pass(limits.sessionRenewalIntervalMs);
    await alice.messenger.messages.send(bobId, { text: 'an hour later' });
    await world.until(async () => (await bob.texted(aliceId)).includes('an hour later'));
    await world.pass(1_000);
    expect(bundles()).toBe(limits.maxSessionRenewals + 1);
  });

  it.each([
    ['a blocked contact', async (bob: Party, id: never) => bob.messenger.contacts.block(id)],
    ['a removed one', async (bob: Party, id: never) => bob.messenger.contacts.remove(id)],
  ])('of %s begin none', async (_, change) => {
    const { world, alice, bob, aliceId, bobId } = await introduced('not-for-them');
    await change(bob, aliceId as never);
    const bundles = countBundles(bob);
    world.relay.tamper.envelopes = (page, { accountId }) =>
      accountId === bobId
        ? page.map((envelope) => ({ ...envelope, ciphertext: envelope.ciphertext.slice(0, -1) }))
        : page;
    await alice.messenger.messages.send(bobId, { text: 'cut off' });
    await world.pass(5_000);
    expect(bundles()).toBe(0);
  });

  it('of somebody who has only asked to be a contact begin none, and put nothing aside', async () => {
    const world = new World('only-asked');
    const alice = await Party.register(world, 'alice');
    const bob = await Party.register(world, 'bob');
    const { accountId: bobId } = await alice.messenger.contacts.add(await bob.code());
    await alice.messenger.messages.send(bobId, { text: 'may I?' });
    await world.until(() => bob.texts.includes('may I?'));
    await world.pass(5_000);
    world.relay.tamper.envelopes = (page, { accountId }) =>
      accountId === bobId
        ? page.map((envelope) => ({ ...envelope, ciphertext: envelope.ciphertext.slice(0, -1) }))
        : page;
    let asked = 0;
    world.relay.tamper.delay = ({ operation, device }) => {
      if (device?.accountId === bobId && operation !== 'acknowledge') asked += 1;
      return undefined;
    };
    const before = await bob.dump();
    await alice.messenger.messages.send(bobId, { text: 'cut off' });
    await world.until(() => bob.undecryptable.length === 1);
    await world.pass(60_000);
    const changed = changedKeys(before, await bob.dump());
    expect(changed.filter((key) => /^(contact|outbox|engine)/.test(key))).toEqual([]);
    expect(asked).toBe(0);
  });
});
