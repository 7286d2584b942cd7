import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { introduced, Party, textOf } from '../support/party.js';
import { World } from '../support/world.js';

describe('two people', () => {
  it('register, find each other by code, and talk both ways with delivery marks', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('talk');
    expect(bob.events.message?.[0]?.message).toMatchObject({
      request: true,
      sender: aliceId,
      status: 'received',
    });
    await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
    await world.until(() => alice.texts.length === 1);
    await alice.messenger.messages.send(bobId, { text: 'how are you?' });
    await world.until(() => bob.texts.length === 2);
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    const expected = ['hello bob', 'hello alice', 'how are you?'];
    expect((await alice.history(bob)).map(textOf)).toEqual(expected);
    expect((await bob.history(alice)).map(textOf)).toEqual(expected);
    expect([...alice.undecryptable, ...bob.undecryptable]).toEqual([]);
  });

  it('no receipt goes to somebody who is not accepted, and one for the request to who is', async () => {
    const world = new World('no-receipt');
    const alice = await Party.register(world, 'alice');
    const bob = await Party.register(world, 'bob');
    const contact = await alice.messenger.contacts.add(await bob.code());
    for (const text of ['psst', 'you there?']) {
      await alice.messenger.messages.send(contact.accountId, { text });
    }
    await world.until(() => bob.texts.length === 2);
    const aliceId = await alice.id();
    await expect(bob.messenger.messages.send(aliceId, { text: 'no' })).rejects.toMatchObject({
      code: 'contact-not-accepted',
    });
    let sends = 0;
    world.relay.tamper.delay = (call) => {
      if (call.operation === 'send' && call.device?.accountId === contact.accountId) sends += 1;
      return undefined;
    };
    await world.pass(60_000);
    expect(sends).toBe(0);
    expect((await alice.history(bob)).map(({ status }) => status)).toEqual(['sent', 'sent']);
    await bob.messenger.contacts.accept(aliceId);
    await world.until(async () => (await alice.history(bob)).every(({ status }) => status === 'delivered'));
    expect(sends).toBe(1);
    // Accepted again it is no news.
    await bob.messenger.contacts.accept(aliceId);
    await world.pass(60_000);
    expect(sends).toBe(1);
  });

  it('adding who has asked by a code accepts it, receipts included', async () => {
    const world = new World('request-added');
    const alice = await Party.register(world, 'alice');
    const bob = await Party.register(world, 'bob');
    const { accountId: bobId } = await alice.messenger.contacts.add(await bob.code());
    await alice.messenger.messages.send(bobId, { text: 'psst' });
    await world.until(() => bob.texts.length === 1);
    expect(await bob.messenger.contacts.add(await alice.code())).toMatchObject({ relation: 'accepted' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
  });

  it('a receipt of a stranger alone makes no message request', async () => {
    const world = new World('stranger-receipt');
    const bob = await Party.register(world, 'bob');
    const carol = await Party.register(world, 'carol');
    const { accountId: bobId } = await carol.messenger.contacts.add(await bob.code());
    // Carol has heard nothing of bob: that she owes him a receipt is a lie.
    carol.kill();
    const storage = memoryStorage({ medium: carol.medium });
    const fence = await storage.acquire();
    const key = `receipt/${bobId}/${'A'.repeat(22)}`;
    await storage.commit([{ key, value: new Uint8Array() }], { fence });
    await storage.close();
    let lookups = 0;
    world.relay.tamper.delay = ({ operation }) => {
      if (operation === 'contacts.resolve') lookups += 1;
      return undefined;
    };
    await carol.start();
    await carol.online();
    await world.until(() => bob.undecryptable.length > 0);
    expect(bob.undecryptable).toEqual(['invalid-content']);
    expect([await bob.messenger.contacts.list(), lookups]).toEqual([[], 0]);
    const carolId = await carol.id();
    expect([...(await bob.dump()).keys()].filter((name) => name.includes(carolId))).toEqual([]);
    // What she has to say is heard all the same.
    await carol.messenger.messages.send(bobId, { text: 'hello' });
    await world.until(() => bob.texts.includes('hello'));
    expect(await bob.messenger.contacts.list()).toMatchObject([{ accountId: carolId, relation: 'request' }]);
  });

  it('a hundred messages each way keep their order', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('order');
    for (let n = 0; n < 100; n += 1) {
      await alice.messenger.messages.send(bobId, { text: `a${n}` });
      await bob.messenger.messages.send(aliceId, { text: `b${n}` });
    }
    await world.until(() => bob.texts.length === 101 && alice.texts.length === 100);
    expect(bob.texts.slice(1)).toEqual(Array.from({ length: 100 }, (_, n) => `a${n}`));
    expect(alice.texts).toEqual(Array.from({ length: 100 }, (_, n) => `b${n}`));
  });

  it('what is written offline is sent later', async () => {
    const { world, alice, bob, bobId } = await introduced('offline');
    world.network.unplug(alice.transport);
    await world.until(() => alice.messenger.connection.kind !== 'online');
    const message = await alice.messenger.messages.send(bobId, { text: 'later' });
    expect(message.status).toBe('pending');
    world.network.plug(alice.transport);
    await world.until(() => bob.texts.includes('later'));
    await world.until(async () => (await alice.history(bob)).at(-1)?.status !== 'pending');
  });

  it('a device opened again goes on where it was', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('reopen');
    await bob.messenger.contacts.accept(aliceId);
    await alice.messenger.close();
    await bob.messenger.messages.send(aliceId, { text: 'while you were away' });
    await world.settle();
    await alice.start();
    expect(await alice.messenger.account.profile()).toMatchObject({ username: 'alice' });
    await alice.messenger.connect();
    await world.until(() => alice.texts.includes('while you were away'));
    await alice.messenger.messages.send(bobId, { text: 'back' });
    await world.until(() => bob.texts.includes('back'));
  });

  it('blocking ends it, both ways', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('block');
    await bob.messenger.contacts.block(aliceId);
    await alice.messenger.messages.send(bobId, { text: 'hello?' });
    await expect(bob.messenger.messages.send(aliceId, { text: 'x' })).rejects.toMatchObject({
      code: 'contact-blocked',
    });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'sent');
    await world.pass(60_000);
    await bob.messenger.contacts.unblock(aliceId);
    await alice.messenger.messages.send(bobId, { text: 'and now?' });
    await world.until(() => bob.texts.includes('and now?'));
    expect(bob.texts).not.toContain('hello?');
  });

  it('sign out wipes the storage and ends the tokens', async () => {
    const { world, alice } = await introduced('sign-out');
    const signedOut = alice.messenger;
    await signedOut.account.signOut();
    await expect(signedOut.account.profile()).rejects.toMatchObject({ code: 'messenger-closed' });
    expect([...(await alice.dump()).keys()]).toEqual([]);
    expect(world.relay.connected()).toHaveLength(1);
    await alice.start();
    expect(await alice.messenger.account.profile()).toBeUndefined();
  });
});
