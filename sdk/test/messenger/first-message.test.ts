import { describe, expect, it } from 'vitest';
import { introduced, Party, testNetwork, textOf } from './party.js';

describe('two people', () => {
  it('register, find each other by code, and talk both ways with delivery marks', async () => {
    const { alice, bob, aliceId, bobId } = await introduced('talk');
    expect(bob.events.message?.[0]?.message).toMatchObject({
      request: true,
      sender: aliceId,
      status: 'received',
    });
    await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
    await alice.until(() => alice.texts.length === 1);
    await alice.messenger.messages.send(bobId, { text: 'how are you?' });
    await bob.until(() => bob.texts.length === 2);
    await alice.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect((await alice.history(bob)).map(textOf)).toEqual(['hello bob', 'hello alice', 'how are you?']);
    expect((await bob.history(alice)).map(textOf)).toEqual(['hello bob', 'hello alice', 'how are you?']);
    expect(alice.undecryptable).toEqual([]);
    expect(bob.undecryptable).toEqual([]);
  });

  it('no receipt goes to somebody who was not accepted', async () => {
    const network = testNetwork('no-receipt');
    const alice = await Party.register(network, 'alice');
    const bob = await Party.register(network, 'bob');
    const contact = await alice.messenger.contacts.add(await bob.code());
    await alice.messenger.messages.send(contact.accountId, { text: 'psst' });
    await bob.until(() => bob.texts.length === 1);
    const aliceId = await alice.id();
    await expect(bob.messenger.messages.send(aliceId, { text: 'no' })).rejects.toMatchObject({
      code: 'contact-not-accepted',
    });
    await bob.messenger.contacts.accept(aliceId);
    await bob.messenger.messages.send(aliceId, { text: 'now' });
    await alice.until(() => alice.texts.length === 1);
    // Everything bob had to say came before this; a receipt for the first message was not among it.
    expect((await alice.history(bob))[0]?.status).toBe('sent');
  });

  it('a hundred messages each way keep their order', async () => {
    const { alice, bob, aliceId, bobId } = await introduced('order');
    for (let n = 0; n < 100; n += 1) {
      await alice.messenger.messages.send(bobId, { text: `a${n}` });
      await bob.messenger.messages.send(aliceId, { text: `b${n}` });
    }
    await bob.until(() => bob.texts.length === 101);
    await alice.until(() => alice.texts.length === 100);
    expect(bob.texts.slice(1)).toEqual(Array.from({ length: 100 }, (_, n) => `a${n}`));
    expect(alice.texts).toEqual(Array.from({ length: 100 }, (_, n) => `b${n}`));
  });

  it('what is written offline is sent later', async () => {
    const { network, alice, bob, bobId } = await introduced('offline');
    network.unplug(alice.transport);
    await alice.until(() => alice.messenger.connection.kind !== 'online');
    const message = await alice.messenger.messages.send(bobId, { text: 'later' });
    expect(message.status).toBe('pending');
    network.plug(alice.transport);
    await bob.until(() => bob.texts.includes('later'));
    await alice.until(async () => (await alice.history(bob)).at(-1)?.status !== 'pending');
  });

  it('a device opened again goes on where it was', async () => {
    const { alice, bob, aliceId, bobId } = await introduced('reopen');
    await alice.messenger.close();
    await bob.messenger.messages.send(aliceId, { text: 'while you were away' });
    await alice.start();
    expect(await alice.messenger.account.profile()).toMatchObject({ username: 'alice' });
    await alice.messenger.connect();
    await alice.until(() => alice.texts.includes('while you were away'));
    await alice.messenger.messages.send(bobId, { text: 'back' });
    await bob.until(() => bob.texts.includes('back'));
  });

  it('a stranger whose code belongs to somebody else is refused', async () => {
    const { alice, bob, bobId } = await introduced('liar');
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('code-checked');
    expect((await bob.messenger.contacts.get(await alice.id()))?.trust).toBe('unverified');
    const number = await alice.messenger.contacts.safetyNumber(bobId);
    const other = await bob.messenger.contacts.safetyNumber(await alice.id());
    expect(number.displayable).toBe(other.displayable);
    await expect(
      alice.messenger.contacts.verify(bobId, { kind: 'digits', digits: '0'.repeat(60) }),
    ).rejects.toMatchObject({ code: 'safety-number-mismatch' });
    await alice.messenger.contacts.verify(bobId, { kind: 'scanned', scannable: other.scannable });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('verified');
  });

  it('blocking ends it, both ways', async () => {
    const { alice, bob, aliceId, bobId } = await introduced('block');
    await bob.messenger.contacts.block(aliceId);
    await alice.messenger.messages.send(bobId, { text: 'hello?' });
    await expect(bob.messenger.messages.send(aliceId, { text: 'x' })).rejects.toMatchObject({
      code: 'contact-blocked',
    });
    await bob.messenger.contacts.unblock(aliceId);
    await alice.until(async () => (await alice.history(bob)).at(-1)?.status === 'sent');
  });

  it('sign out wipes the storage and ends the tokens', async () => {
    const { alice } = await introduced('sign-out');
    await alice.messenger.account.signOut();
    await expect(alice.messenger.account.profile()).rejects.toMatchObject({ code: 'messenger-closed' });
    const reopened = await Party.open(alice.network, {});
    expect(await reopened.messenger.account.profile()).toBeUndefined();
    await alice.start();
    expect(await alice.messenger.account.profile()).toBeUndefined();
  });
});
