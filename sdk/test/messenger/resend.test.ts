/** A message that could not be decrypted is asked for, and goes out again to whom it went: once, and not to others. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { AccountId } from '../../src/wire/index.js';
import { loseSessions } from '../support/lost-sessions.js';
import { introduced, Party, textOf } from '../support/party.js';
import { changeStored, type StoredFields } from '../support/stored-records.js';
import type { World } from '../support/world.js';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** Both have heard of one another in their session, and bob is away. */
async function apart(seed: string) {
  const scene = await introduced(seed);
  const { world, bob, aliceId } = scene;
  await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
  await world.pass(5_000);
  await bob.messenger.disconnect();
  return scene;
}

/** Alice cannot write down that the relay took what she sends. */
function forgetsAnswers(alice: Party): void {
  alice.commitPlan = (changes) =>
    changes.some(({ key, value }) => !value && key.startsWith('outbox/')) ? 'fail' : 'pass';
}

/** Alice has written what bob could not read; what they do next is up to the case. */
async function lost(seed: string, texts: readonly string[]) {
  const scene = await apart(seed);
  const { world, alice, bobId } = scene;
  for (const text of texts) await alice.messenger.messages.send(bobId, { text });
  await world.pass(1_000);
  return scene;
}

/** The relay shows somebody what it shows them first several times, as envelopes of their own. */
function showOftenTo(world: World, recipient: AccountId): void {
  let isShown = false;
  world.relay.tamper.envelopes = (page, { accountId }) => {
    if (accountId !== recipient || isShown || page.length === 0) return page;
    isShown = true;
    const again = Array.from({ length: limits.maxResendRequests - 1 }, (_, index) => index + 1_000);
    return page.flatMap((envelope) => [
      envelope,
      ...again.map((end) => ({ ...envelope, id: (envelope.id.slice(0, -4) + end) as typeof envelope.id })),
    ]);
  };
}

const got = (party: Party, text: string) => party.texts.filter((one) => one === text).length;

/** Changes a record of a device that does not run at that moment, and lets it run again. */
async function rewrite(
  party: Party,
  key: string,
  change: (fields: StoredFields) => StoredFields,
): Promise<void> {
  party.kill();
  await changeStored(party.medium, key, change);
  await party.start();
  await party.online();
}

const sentLog = async (party: Party) =>
  [...(await party.dump()).keys()].filter((key) => key.startsWith('send-log/'));

describe('a message that was lost with its session', () => {
  it('goes out again also when it is asked for before the answer to it was written down', async () => {
    const { world, alice, bob, bobId } = await apart('asked-before');
    forgetsAnswers(alice);
    await alice.messenger.messages.send(bobId, { text: 'under way' });
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 1);
    await world.pass(60_000);
    expect(got(bob, 'under way')).toBe(0);
    alice.commitPlan = () => 'pass';
    await world.until(() => got(bob, 'under way') === 1);
    await world.until(async () => (await alice.history(bobId)).at(-1)?.status === 'delivered');
    expect(bob.undecryptable).toEqual(['no-session']);
  });

  it('goes out again once, however often that is asked before the answer to it was written down', async () => {
    const { world, alice, bob, bobId } = await apart('asked-often-before');
    const logged = await sentLog(alice);
    forgetsAnswers(alice);
    await alice.messenger.messages.send(bobId, { text: 'under way' });
    showOftenTo(world, bobId);
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === limits.maxResendRequests);
    await world.pass(60_000);
    const waiting = [...(await alice.dump()).keys()].filter((key) => key.startsWith('outbox/'));
    expect(waiting).toHaveLength(2);
    alice.commitPlan = () => 'pass';
    await world.until(() => got(bob, 'under way') === 1);
    await world.until(async () => (await alice.history(bobId)).at(-1)?.status === 'delivered');
    // Nor can it be asked for now.
    expect(await sentLog(alice)).toEqual(logged);
  });

  it('is not sent a third time when what was sent again is lost as well', async () => {
    const { world, alice, bob, bobId } = await lost('lost-twice', ['lost']);
    let sends = 0;
    world.relay.tamper = {
      envelopes: (page, { accountId }) => (accountId === bobId && bob.undecryptable.length > 0 ? [] : page),
      delay: ({ operation, device }) => {
        if (operation === 'send' && device?.accountId !== bobId) sends += 1;
        return undefined;
      },
    };
    await loseSessions(bob);
    await world.until(() => sends === 1);
    await world.until(async () => (await sentLog(alice)).length === 1);
    delete world.relay.tamper.envelopes;
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 2);
    await world.pass(60_000);
    expect(sends).toBe(1);
    expect(got(bob, 'lost')).toBe(0);
  });

  it('counts as sent again only when it was: not while the outbox is full', async () => {
    const { world, alice, bob, bobId } = await lost('full', ['lost']);
    await rewrite(alice, 'outbox-head', (head) => ({ ...head, count: limits.maxOutboxEntries }));
    const logged = await sentLog(alice);
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 1);
    await world.pass(60_000);
    expect(got(bob, 'lost')).toBe(0);
    expect(await sentLog(alice)).toEqual(logged);
    await rewrite(alice, `contact/${bobId}`, (contact) => {
      expect(contact['resends']).toBeUndefined();
      return contact;
    });
  });

  it('is neither sent again nor confirmed to a contact that has shown another key', async () => {
    const { world, alice, bob, bobId, aliceId } = await lost('changed', ['lost']);
    const shown = Buffer.concat([Buffer.of(5), Buffer.alloc(32, 9)]).toString('base64url');
    await rewrite(alice, `contact/${bobId}`, (contact) => ({ ...contact, changedTo: shown }));
    let sends = 0;
    world.relay.tamper.delay = ({ operation, device }) => {
      if (operation === 'send' && device?.accountId === aliceId) sends += 1;
      return undefined;
    };
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 1);
    await bob.messenger.messages.send(aliceId, { text: 'are you there' });
    await world.until(() => alice.texts.includes('are you there'));
    await world.pass(60_000);
    expect(got(bob, 'lost')).toBe(0);
    expect(sends).toBe(0);
  });

  it('arrives after all, once, as it was written', async () => {
    const { world, alice, bob, bobId, aliceId } = await lost('resent', ['lost']);
    const written = (await alice.history(bobId)).at(-1);
    await world.pass(10 * 60_000);
    await loseSessions(bob);
    await world.until(() => bob.texts.includes('lost'));
    expect(bob.undecryptable).toEqual(['no-session']);
    const row = (await bob.history(aliceId)).find((message) => textOf(message) === 'lost');
    expect([row?.id, row?.sentAt]).toEqual([written?.id, written?.sentAt]);
    await world.until(async () => (await alice.history(bobId)).at(-1)?.status === 'delivered');
    await alice.restart();
    await bob.restart();
    await world.pass(hourMs);
    expect(got(bob, 'lost')).toBe(1);
    expect((await alice.texted(bobId)).filter((text) => text === 'lost')).toHaveLength(1);
  });

  it.each([
    ['back', -2 * dayMs],
    ['forward', 2 * dayMs],
  ])('arrives after all from a device whose clock was set %s by days meanwhile', async (_, offsetMs) => {
    const { world, alice, bob } = await lost('skewed', ['lost']);
    alice.clockOffsetMs = offsetMs;
    // What the next connection sweeps out must not be this.
    await alice.restart();
    await world.pass(5_000);
    await loseSessions(bob);
    await world.until(() => bob.texts.includes('lost'));
    expect(got(bob, 'lost')).toBe(1);
  });

  it('is not sent again a week later by the own clock, whatever the relay says the time is', async () => {
    const { world, alice, bob, bobId } = await lost('standing', ['lost']);
    alice.clockOffsetMs = limits.sendLogMaxClockErrorMs;
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 1);
    await world.pass(60_000);
    expect(got(bob, 'lost')).toBe(0);
    await alice.restart();
    await world.pass(5_000);
    await alice.messenger.messages.send(bobId, { text: 'another' });
    await world.pass(5_000);
    expect(await sentLog(alice)).toHaveLength(1);
  });

  it('is one of several, of which five an hour come back', async () => {
    const texts = Array.from({ length: 8 }, (_, index) => `lost ${index}`);
    const { world, bob } = await lost('several', texts);
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === texts.length);
    await world.pass(60_000);
    const back = texts.filter((text) => got(bob, text) > 0);
    expect(back).toEqual(texts.slice(0, limits.maxResendRequests));
    expect(back.every((text) => got(bob, text) === 1)).toBe(true);
  });

  it('is not sent again a day later', async () => {
    const { world, alice, bob, bobId } = await lost('late', ['lost']);
    await world.pass(limits.sendLogTtlMs);
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 1);
    await world.pass(60_000);
    expect(got(bob, 'lost')).toBe(0);
    await alice.messenger.messages.send(bobId, { text: 'another' });
    await world.until(() => bob.texts.includes('another'));
    // The log does not keep what nobody can ask for any more.
    await alice.restart();
    await world.pass(5_000);
    await alice.messenger.messages.send(bobId, { text: 'one more' });
    await world.pass(5_000);
    const kept = [...(await alice.dump()).keys()].filter((key) => key.startsWith('send-log/'));
    expect(kept.length).toBeLessThanOrEqual(2);
  });

  it('goes out once, however often it is asked for', async () => {
    const { world, alice, bob, aliceId, bobId } = await lost('once', ['lost']);
    // Each of them is a loss of its own to bob, and he asks for each: by the one hash that they have.
    showOftenTo(world, bobId);
    const sends = { alice: 0, bob: 0 };
    world.relay.tamper.delay = ({ operation, device }) => {
      if (operation === 'send') sends[device?.accountId === aliceId ? 'alice' : 'bob'] += 1;
      return undefined;
    };
    await loseSessions(bob);
    await world.until(() => bob.texts.includes('lost'));
    await world.pass(60_000);
    expect(bob.undecryptable).toHaveLength(limits.maxResendRequests);
    // What bob asked, and that he has got it.
    expect(sends).toEqual({ alice: 1, bob: limits.maxResendRequests + 1 });
    expect((await alice.history(bobId)).at(-1)?.status).toBe('delivered');
  });

  it('is not for a contact to whom the relay has shown it, and can still be asked for by whom it was for', async () => {
    const { world, alice, bob, aliceId } = await lost('not-yours', ['for bob alone']);
    const carol = await Party.register(world, 'carol');
    await alice.messenger.contacts.add(await carol.code());
    const carolId = await carol.id();
    await alice.messenger.messages.send(carolId, { text: 'hello carol' });
    await world.until(() => carol.texts.includes('hello carol'));
    await carol.messenger.contacts.accept(aliceId);
    await carol.messenger.messages.send(aliceId, { text: 'hello by carol' });
    await world.until(() => alice.texts.includes('hello by carol'));
    await world.pass(5_000);
    // As many rows as there are in bob's conversation, of which none has been confirmed.
    world.relay.tamper.envelopes = (page, { accountId }) => (accountId === carolId ? [] : page);
    for (const text of ['two', 'three']) await alice.messenger.messages.send(carolId, { text });
    await world.pass(5_000);
    const logged = await sentLog(alice);
    const [forBob] = world.relay.waiting(await bob.address());
    world.relay.tamper.envelopes = (page, { accountId }) =>
      accountId === carolId ? [{ ...forBob!, id: '00000000-0000-4000-8000-000000000001' as never }] : page;
    let sends = 0;
    world.relay.tamper.delay = ({ operation, device }) => {
      if (operation === 'send' && device?.accountId === aliceId) sends += 1;
      return undefined;
    };
    world.relay.cut(await carol.address());
    await world.until(() => carol.undecryptable.length === 1);
    await world.pass(60_000);
    expect(sends).toBe(0);
    expect(await sentLog(alice)).toEqual(logged);
    expect(carol.texts).not.toContain('for bob alone');
    world.relay.tamper = {};
    await loseSessions(bob);
    await world.until(() => bob.texts.includes('for bob alone'));
  });

  it.each([
    ['has been blocked', async (alice: Party, bobId: never) => alice.messenger.contacts.block(bobId)],
    ['has been removed', async (alice: Party, bobId: never) => alice.messenger.contacts.remove(bobId)],
  ])('is not sent again to a contact that %s', async (_, change) => {
    const { world, alice, bob, bobId } = await lost('unwanted', ['lost']);
    await change(alice, bobId as never);
    const sends: string[] = [];
    world.relay.tamper.delay = ({ operation, device }) => {
      if (device?.accountId !== bobId) sends.push(operation);
      return undefined;
    };
    await loseSessions(bob);
    await world.until(() => bob.undecryptable.length === 1);
    await world.pass(60_000);
    expect(sends).not.toContain('send');
    expect(got(bob, 'lost')).toBe(0);
  });

  it('is not asked for by whoever makes up envelopes', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('made-up');
    await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
    await world.pass(5_000);
    let counted = 0;
    world.relay.tamper.delay = ({ operation, device }) => {
      if (operation === 'send' && device?.accountId === bobId) counted += 1;
      return undefined;
    };
    world.relay.tamper.envelopes = (page, { accountId }) =>
      accountId === bobId
        ? page.flatMap((envelope) => [
            ...Array.from({ length: 9 }, (_, index) => {
              const ciphertext = envelope.ciphertext.slice();
              ciphertext[ciphertext.length - 1]! ^= 1 + index;
              const id = envelope.id.slice(0, -4) + String(1_000 + index);
              return { ...envelope, id: id as typeof envelope.id, ciphertext };
            }),
            envelope,
          ])
        : page;
    const texts = ['one', 'two', 'three', 'four'];
    for (const text of texts) {
      await alice.messenger.messages.send(bobId, { text });
      await world.until(() => bob.texts.includes(text));
      await world.pass(1_000);
    }
    await world.pass(60_000);
    expect(bob.undecryptable.length).toBeGreaterThanOrEqual(9 * texts.length);
    // The requests of an hour, and receipts.
    const requests = limits.maxSessionRenewals * limits.maxResendRequests;
    expect(counted).toBeLessThanOrEqual(requests + texts.length);
    expect(texts.map((text) => got(bob, text))).toEqual([1, 1, 1, 1]);
  });

  it('is found again by a device that was brought back to an older state', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('brought-back');
    await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
    await world.pass(5_000);
    const older = bob.medium.copy();
    for (const text of ['one', 'two']) {
      await alice.messenger.messages.send(bobId, { text });
      await bob.messenger.messages.send(aliceId, { text: `${text} of bob` });
      await world.pass(5_000);
    }
    bob.kill();
    await alice.messenger.messages.send(bobId, { text: 'in the old session' });
    await world.pass(5_000);
    bob.medium = older.copy();
    bob.journal.clear();
    await bob.start();
    await bob.online();
    await world.until(() => bob.texts.includes('in the old session'));
  });
});
