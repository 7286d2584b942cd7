/** Order and observers: per sender the order of sending, whatever has to be looked up; events in order, whoever listens. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { MessageHandler } from '../../src/messages/index.js';
import { outboxPrefix, outboxRecord, type OutboxEntry } from '../../src/messages/outbox.js';
import { seenPrefix } from '../../src/messages/receiver.js';
import type { DeviceId } from '../../src/wire/index.js';
import { door } from '../support/door.js';
import { introduced, Party, textOf } from '../support/party.js';
import { World } from '../support/world.js';

describe('messages of a stranger who is being looked up', () => {
  it('wait in their order, however many come meanwhile', async () => {
    const world = new World('burst');
    const bob = await Party.register(world, 'bob', { messageRequests: 'accept' });
    const alice = await Party.register(world, 'alice');
    const { accountId: bobId } = await alice.messenger.contacts.add(await bob.code());
    const lookup = door();
    world.relay.tamper.delay = ({ operation }) =>
      operation === 'contacts.resolve' ? lookup.opened : undefined;
    const texts = Array.from({ length: 150 }, (_, n) => `burst ${n}`);
    for (const text of texts) await alice.messenger.messages.send(bobId, { text });
    await world.settle();
    expect(bob.texts).toEqual([]);
    lookup.open();
    await world.until(() => bob.texts.length === texts.length);
    expect(bob.texts).toEqual(texts);
    await world.until(async () => world.relay.waiting(await bob.address()).length === 0);
  });

  it('hold back nobody else, and lose nothing to the others’ messages', async () => {
    const slow = door();
    const onMessage: MessageHandler = async (message) => {
      if (textOf(message) === 'slow') await slow.opened;
    };
    const { world, alice, bob, aliceId, bobId } = await introduced('beside', { bob: { onMessage } });
    const carol = await Party.register(world, 'carol');
    await carol.messenger.contacts.add(await bob.code());
    const lookup = door();
    world.relay.tamper.delay = ({ operation }) =>
      operation === 'contacts.resolve' ? lookup.opened : undefined;
    const ofCarol = Array.from({ length: 8 }, (_, n) => `carol ${n}`);
    for (const text of ofCarol) await carol.messenger.messages.send(bobId, { text });
    await world.settle();
    await alice.messenger.messages.send(bobId, { text: 'quick' });
    await world.until(() => bob.texts.includes('quick'));
    // Carol is found while alice's messages are under way: hers go in front of alice's next ones.
    for (const text of ['slow', 'after 1', 'after 2']) await alice.messenger.messages.send(bobId, { text });
    await world.settle();
    lookup.open();
    await world.settle();
    slow.open();
    const carolId = await carol.id();
    await world.until(async () => (await bob.rows(carolId)).length === ofCarol.length);
    await world.until(() => bob.texts.includes('after 2'));
    expect((await bob.rows(carolId)).map(textOf)).toEqual(ofCarol);
    expect((await bob.texted(aliceId)).slice(1)).toEqual(['quick', 'slow', 'after 1', 'after 2']);
    await world.until(async () => world.relay.waiting(await bob.address()).length === 0);
  });

  it('wait while the relay cannot be asked', async () => {
    const world = new World('asked-later');
    const bob = await Party.register(world, 'bob');
    const alice = await Party.register(world, 'alice');
    const { accountId: bobId } = await alice.messenger.contacts.add(await bob.code());
    let left = 4;
    world.relay.tamper.loseRequest = ({ operation }) =>
      operation === 'contacts.resolve' && left-- > 0 ? 'disconnect' : undefined;
    for (const text of ['one', 'two', 'three']) await alice.messenger.messages.send(bobId, { text });
    await world.until(() => bob.texts.length === 3);
    expect(bob.texts).toEqual(['one', 'two', 'three']);
    expect(left).toBeLessThanOrEqual(0);
  });
});

describe('caught-up', () => {
  it('is said when what waited has been taken, and not while one of it is being looked up', async () => {
    const world = new World('caught-up');
    const bob = await Party.register(world, 'bob');
    const alice = await Party.register(world, 'alice');
    const { accountId: bobId } = await alice.messenger.contacts.add(await bob.code());
    bob.kill();
    for (const text of ['one', 'two']) await alice.messenger.messages.send(bobId, { text });
    await world.until(() => world.relay.waiting({ accountId: bobId, deviceId: 1 as DeviceId }).length === 2);
    const lookup = door();
    world.relay.tamper.delay = ({ operation }) =>
      operation === 'contacts.resolve' ? lookup.opened : undefined;
    await bob.start();
    const said = bob.events['caught-up']!.length;
    let textsThen: string[] = [];
    bob.messenger.on('caught-up', async () => {
      textsThen = await bob.texted(alice);
    });
    await bob.online();
    await world.settle();
    expect(bob.events['caught-up']).toHaveLength(said);
    lookup.open();
    await world.until(() => bob.events['caught-up']!.length > said);
    await world.settle();
    expect(textsThen).toEqual(['one', 'two']);
    expect(bob.events['caught-up']).toHaveLength(said + 1);
  });

  it('is left to the next connection where this one ends first', async () => {
    const world = new World('caught-up-cut');
    const bob = await Party.register(world, 'bob');
    const alice = await Party.register(world, 'alice');
    const { accountId: bobId } = await alice.messenger.contacts.add(await bob.code());
    bob.kill();
    await alice.messenger.messages.send(bobId, { text: 'one' });
    await world.settle();
    const lookup = door();
    world.relay.tamper.delay = ({ operation }) =>
      operation === 'contacts.resolve' ? lookup.opened : undefined;
    await bob.start();
    const said = bob.events['caught-up']!.length;
    await bob.online();
    await world.settle();
    world.relay.cut(await bob.address());
    await world.settle();
    expect(bob.events['caught-up']).toHaveLength(said);
    lookup.open();
    await world.until(() => bob.texts.includes('one') && bob.messenger.connection.kind === 'online');
    await world.settle();
    expect(bob.events['caught-up']).toHaveLength(said + 1);
  });
});

describe('observers', () => {
  it('hear in the next life what they did not hear in this one', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('next-life');
    await world.pass(5_000);
    const heard = bob.events.message!.length;
    // The process dies in the moment the message is durable, before anybody hears of it.
    bob.commitPlan = (changes) =>
      changes.some(({ key }) => key.startsWith('message/')) ? 'die-after' : 'pass';
    await alice.messenger.messages.send(bobId, { text: 'unheard of' });
    await world.until(() => !bob.running);
    bob.commitPlan = () => 'pass';
    expect(bob.events.message).toHaveLength(heard);
    await bob.start();
    await world.settle();
    // Not before `connect`: listeners must have had time to come.
    expect(bob.events.message).toHaveLength(heard);
    await bob.online();
    await world.until(() => bob.events.message!.length > heard);
    expect(bob.texts.at(-1)).toBe('unheard of');
    expect(await bob.texted(aliceId)).toContain('unheard of');
  });

  it('that throw or reject keep nobody from hearing the rest', async () => {
    const { world, alice, bob, bobId } = await introduced('throwing');
    const heard: string[] = [];
    bob.messenger.on('message', () => {
      throw new Error('a listener of little faith');
    });
    bob.messenger.on('message', () => Promise.reject(new Error('and another')));
    bob.messenger.on('message', ({ message }) => void heard.push(textOf(message)));
    const stop = bob.messenger.on('message', () => void heard.push('too much'));
    stop();
    for (const text of ['one', 'two']) await alice.messenger.messages.send(bobId, { text });
    await world.until(() => heard.length === 2);
    expect(heard).toEqual(['one', 'two']);
  });

  it('that are slow are waited for, one event after another, and a sign-out does not wait for them', async () => {
    const { world, alice, bob, bobId } = await introduced('slow-observer');
    const first = door();
    const heard: string[] = [];
    bob.messenger.on('message', async ({ message }) => {
      heard.push(textOf(message));
      await first.opened;
    });
    for (const text of ['one', 'two', 'three']) await alice.messenger.messages.send(bobId, { text });
    await world.settle();
    expect(heard).toEqual(['one']);
    // What is left of the journal goes with the storage, and nothing is thrown at nobody.
    await bob.messenger.account.signOut();
    first.open();
    await world.settle();
    expect(heard).toEqual(['one']);
    expect(await bob.dump()).toEqual(new Map());
  });

  it('may use the messenger', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('using');
    bob.messenger.on('message', async ({ message }) => {
      if (!textOf(message).startsWith('ping')) return;
      await bob.messenger.messages.markRead(message.conversationId, message.seq);
      await bob.messenger.messages.send(message.sender, { text: 'pong' });
    });
    await alice.messenger.messages.send(bobId, { text: 'ping' });
    await world.until(() => alice.texts.includes('pong'));
    expect(await bob.messenger.messages.conversations()).toMatchObject([{ id: aliceId, unreadCount: 0 }]);
  });
});

describe('a messenger that is closed by a listener', () => {
  it('ends once the listener has, and says the rest in the next life', async () => {
    const { world, alice, bob, bobId } = await introduced('close-in-listener');
    await world.pass(5_000);
    const heard: string[] = [];
    const closed: string[] = [];
    bob.messenger.on('message', async ({ message }) => {
      heard.push(textOf(message));
      if (textOf(message) !== 'one') return;
      await bob.messenger.close();
      closed.push('by its listener');
    });
    // Held at the first, so that the others are in the journal when he hears the second.
    const ready = door();
    bob.messenger.on('message', () => ready.opened);
    for (const text of ['zero', 'one', 'two', 'three']) await alice.messenger.messages.send(bobId, { text });
    await world.settle();
    ready.open();
    await world.until(() => closed.length === 1);
    await world.settle();
    expect(heard).toEqual(['zero', 'one']);
    expect(bob.messenger.connection.kind).toBe('closed');
    await expect(bob.messenger.messages.conversations()).rejects.toMatchObject({ code: 'messenger-closed' });
    const journal = [...(await bob.dump()).keys()].filter((key) => key.startsWith('journal/'));
    expect(journal).toHaveLength(2);
    await bob.start();
    await bob.online();
    await world.until(() => bob.texts.includes('three'));
    expect((bob.events.message ?? []).map(({ message }) => textOf(message)).slice(-4)).toEqual([
      'zero',
      'one',
      'two',
      'three',
    ]);
  });

  it('is closed for who closes it from elsewhere meanwhile, too', async () => {
    const { world, alice, bob, bobId } = await introduced('close-twice');
    const held = door();
    const over: string[] = [];
    bob.messenger.on('message', async () => {
      await held.opened;
      await bob.messenger.close();
      over.push('listener');
    });
    await alice.messenger.messages.send(bobId, { text: 'close' });
    await world.settle();
    const closing = bob.messenger.close().then(() => over.push('elsewhere'));
    await world.settle();
    expect(over).toEqual([]);
    held.open();
    await closing;
    expect(over).toEqual(['listener', 'elsewhere']);
  });

  it('does not wait for ever for a listener that never ends', async () => {
    const { world, alice, bob, bobId } = await introduced('hung-listener');
    await world.pass(5_000);
    bob.messenger.on('message', () => new Promise<void>(() => undefined));
    await alice.messenger.messages.send(bobId, { text: 'never heard to the end' });
    await world.settle();
    let closed = false;
    void bob.messenger.close().then(() => (closed = true));
    await world.settle();
    expect(closed).toBe(false);
    await world.pass(limits.closeTimeoutMs);
    expect(closed).toBe(true);
    // It was not heard to its end, so it comes again.
    await bob.start();
    await bob.online();
    await world.settle();
    const seqs = bob.events.message!.map(({ seq }) => seq);
    expect(seqs.at(-1)).toBe(seqs.at(-2));
  });
});

describe('a conversation', () => {
  it('is read in pages, counts what is unread, and knows its end', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('pages');
    for (let n = 2; n <= 120; n += 1) await alice.messenger.messages.send(bobId, { text: `p${n}` });
    await world.until(() => bob.texts.length === 120);
    const { messages } = bob.messenger;
    expect((await messages.list(aliceId)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 71),
    );
    expect((await messages.list(aliceId, { beforeSeq: 3, limit: 10 })).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await messages.list(aliceId, { beforeSeq: 1 })).toEqual([]);
    expect(await messages.conversations()).toMatchObject([{ id: aliceId, lastSeq: 120, unreadCount: 120 }]);
    await messages.markRead(aliceId, 100);
    await messages.markRead(aliceId, 7);
    expect(await messages.conversations()).toMatchObject([{ unreadCount: 20 }]);
    for (const seq of [0, 121, -1]) {
      await expect(messages.markRead(aliceId, seq)).rejects.toMatchObject({ code: 'unknown-message' });
      await expect(messages.get(aliceId, seq)).rejects.toMatchObject({ code: 'unknown-message' });
    }
    for (const limit of [0, 201, 1.5])
      await expect(messages.list(aliceId, { limit })).rejects.toThrow(TypeError);
  });
});

describe('a messenger that is closed', () => {
  it('leaves no timer behind, whatever it was waiting for', async () => {
    const { world, alice, bob, bobId } = await introduced('timers');
    world.relay.tamper.loseRequest = ({ operation }) => (operation === 'send' ? 'disconnect' : undefined);
    await alice.messenger.messages.send(bobId, { text: 'not through' });
    await world.pass(3_000);
    // And once more, with a send under way.
    world.relay.tamper.loseRequest = ({ operation }) => (operation === 'send' ? 'silence' : undefined);
    await world.until(() => alice.messenger.connection.kind === 'online');
    await alice.messenger.close();
    await bob.messenger.close();
    await world.settle();
    expect(world.clock.scheduledCount()).toBe(0);
    await alice.messenger.close();
    await expect(alice.messenger.messages.send(bobId, { text: 'x' })).rejects.toMatchObject({
      code: 'messenger-closed',
    });
    await expect(alice.messenger.connect()).rejects.toMatchObject({ code: 'messenger-closed' });
  });
});

describe('an answer that is written while earlier messages wait to be encrypted', () => {
  it('is encrypted when its turn comes, so that its chain is not forgotten by then', async () => {
    const onMessage: MessageHandler = async (message, unit) => {
      if (textOf(message) === 'three') await unit.send(message.sender, { text: 'four' });
    };
    const { world, alice, bob, aliceId, bobId } = await introduced('behind', { alice: { onMessage } });
    const relay = door();
    world.relay.tamper.delay = ({ operation, device }) =>
      operation === 'send' && device?.accountId === aliceId ? relay.opened : undefined;
    await alice.messenger.sessions.reset(bobId);
    for (const text of ['one', 'two']) await alice.messenger.messages.send(bobId, { text });
    const answers: OutboxEntry[] = [];
    alice.commitPlan = (changes) => {
      const isReceived = changes.some(({ key }) => key.startsWith(seenPrefix));
      const queued = changes.filter(({ key, value }) => isReceived && value && key.startsWith(outboxPrefix));
      answers.push(...queued.map(({ value }) => outboxRecord.decode(value!)));
      return 'pass';
    };
    // It brings a session with it, in which the answer could be encrypted at once.
    await bob.messenger.sessions.reset(aliceId);
    await bob.messenger.messages.send(aliceId, { text: 'three' });
    await world.until(() => alice.texts.includes('three'));
    expect(answers.map(({ attempt }) => attempt)).toEqual([null]);
    relay.open();
    await world.until(() => bob.texts.includes('four'));
    expect(bob.texts.slice(-3)).toEqual(['one', 'two', 'four']);
    expect([...alice.undecryptable, ...bob.undecryptable]).toEqual([]);
  });
});
