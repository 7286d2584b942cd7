/** A device whose state was brought back or copied: noticed at the next connection, before anything goes out. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { MemoryMedium } from '../../src/storage/memory/index.js';
import type { ResumeResponse } from '../../src/wire/index.js';
import { changedKeys } from '../support/storage-dump.js';
import { KeyWatch } from '../support/key-watch.js';
import { introduced, Party } from '../support/party.js';
import { World } from '../support/world.js';

const hourMs = 60 * 60 * 1000;

/** Two who have talked, and a look at every message key that is used from here on. */
async function talking(seed: string, world?: World) {
  const scene = await introduced(seed, { ...(world && { world }) });
  const watch = new KeyWatch();
  scene.world.relay.tamper.delay = (call) => {
    watch.see(call);
    return undefined;
  };
  return { ...scene, watch, talk: talkBetween(scene.alice, scene.bob) };
}

/** Both say something and have read what the other said. */
function talkBetween(alice: Party, bob: Party) {
  return async (text: string) => {
    await alice.messenger.messages.send(await bob.id(), { text: `${text} of alice` });
    await bob.messenger.messages.send(await alice.id(), { text: `${text} of bob` });
    await alice.world.until(async () => (await bob.texted(alice)).includes(`${text} of alice`));
    await alice.world.until(async () => (await alice.texted(bob)).includes(`${text} of bob`));
    await alice.world.pass(5_000);
  };
}

/** The process ends, and the next one finds an older storage. */
async function bringBack(party: Party, medium: MemoryMedium): Promise<void> {
  party.kill();
  // It counts from where it was: what it tells from there is not what was told before.
  party.journal.clear();
  party.medium = medium.copy();
  await party.start();
}

const verdicts = (party: Party) => (party.events.continuity ?? []).map(({ verdict }) => verdict);
const twice = (texts: readonly string[]) => texts.filter((text, index) => texts.indexOf(text) !== index);

describe('a storage that was brought back', () => {
  it('is told of, and both go on in new sessions without a message key used twice', async () => {
    const { world, alice, bob, bobId, talk } = await talking('back');
    const older = alice.medium.copy();
    for (const text of ['one', 'two', 'three']) await talk(text);
    await bringBack(alice, older);
    // Encrypted before anybody could know: with keys that are used already.
    await alice.messenger.messages.send(bobId, { text: 'written offline' });
    await alice.online();
    await world.until(() => bob.texts.includes('written offline'));
    await talk('four');
    expect(alice.events.continuity).toMatchObject([{ verdict: 'rolled-back', generation: 2 }]);
    expect(bob.undecryptable).toEqual([]);
    expect(twice(bob.texts)).toEqual([]);
    expect(await bob.texted(alice)).toContain('three of alice');
    await alice.restart();
    await talk('five');
    expect(verdicts(alice)).toEqual(['rolled-back']);
  });

  it('is noticed by what was only received, too', async () => {
    const { world, alice, bob, aliceId, talk } = await talking('received');
    await talk('one');
    const older = alice.medium.copy();
    await bob.messenger.messages.send(aliceId, { text: 'soon lost' });
    await world.until(() => alice.texts.includes('soon lost'));
    await world.pass(5_000);
    await bringBack(alice, older);
    await alice.online();
    expect(verdicts(alice)).toEqual(['rolled-back']);
    await talk('two');
  });

  it('is noticed after more commits without a connection than were lost', async () => {
    const { world, alice, bob, bobId, talk } = await talking('offline');
    await talk('one');
    const older = alice.medium.copy();
    await alice.messenger.messages.send(bobId, { text: 'with a key of the older state' });
    await world.settle();
    await bringBack(alice, older);
    for (let n = 1; n <= 20; n += 1) await alice.messenger.messages.send(bobId, { text: `offline ${n}` });
    // Nor does another life without a connection hide it.
    alice.kill();
    await alice.start();
    await alice.messenger.messages.send(bobId, { text: 'offline 21' });
    await alice.online();
    await world.until(() => bob.texts.includes('offline 21'));
    expect(verdicts(alice)).toEqual(['rolled-back']);
    expect(bob.undecryptable).toEqual([]);
    await alice.restart();
    await talk('two');
    expect(verdicts(alice)).toEqual(['rolled-back']);
  });

  it('sends again what was under way, and it takes effect once', async () => {
    const { world, alice, bob, bobId } = await talking('again');
    await alice.messenger.disconnect();
    await alice.messenger.messages.send(bobId, { text: 'under way' });
    const older = alice.medium.copy();
    await alice.online();
    await world.until(() => bob.texts.includes('under way'));
    await bringBack(alice, older);
    await alice.online();
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect(verdicts(alice)).toEqual(['rolled-back']);
    expect(bob.texts.filter((text) => text === 'under way')).toHaveLength(1);
  });

  it('encrypts in no session of before, also when a late message makes one current again', async () => {
    const { world, alice, bob, aliceId, bobId, talk } = await talking('late');
    await talk('one');
    await bob.messenger.messages.send(aliceId, { text: 'in time' });
    await world.settle();
    world.relay.tamper.envelopes = () => [];
    await bob.messenger.messages.send(aliceId, { text: 'late' });
    // From here on she has a chain of her own, which the late message will not end.
    await alice.messenger.messages.send(bobId, { text: 'begins a chain' });
    await world.settle();
    const older = alice.medium.copy();
    await alice.messenger.messages.send(bobId, { text: 'uses its next key' });
    await world.settle();
    await bringBack(alice, older);
    await alice.online();
    delete world.relay.tamper.envelopes;
    world.relay.cut(await alice.address());
    await world.until(() => alice.texts.includes('late'));
    await talk('two');
    expect(verdicts(alice)).toEqual(['rolled-back']);
    expect(alice.undecryptable).toEqual([]);
  });

  it('has other pre-keys from then on, and strangers write to those', async () => {
    const { world, alice, talk } = await talking('keys');
    const older = alice.medium.copy();
    await talk('one');
    const before = await alice.messenger.preKeys.status();
    await bringBack(alice, older);
    await alice.online();
    await world.settle();
    const after = await alice.messenger.preKeys.status();
    expect(after.signedId).not.toBe(before.signedId);
    expect(after.kemLastResortId).not.toBe(before.kemLastResortId);
    const carol = await Party.register(world, 'carol');
    const contact = await carol.messenger.contacts.add(await alice.code());
    await carol.messenger.messages.send(contact.accountId, { text: 'hello' });
    await world.until(() => alice.texts.includes('hello'));
  });

  it('lets keys go that the relay has from a time the state knows nothing of', async () => {
    const { world, alice, talk } = await talking('strangers');
    await talk('one');
    const older = alice.medium.copy();
    const before = await alice.messenger.preKeys.status();
    // Neither sends nor acknowledges: nothing by which the relay could tell the states apart.
    const later = await alice.messenger.preKeys.replenish();
    expect(later.oneTime).toBeGreaterThan(before.oneTime);
    await bringBack(alice, older);
    await alice.online();
    await world.settle();
    expect(verdicts(alice)).toEqual([]);
    expect((await alice.messenger.preKeys.status()).oneTime).toBeLessThan(later.oneTime);
    for (const name of ['carol', 'dave', 'erin', 'frank', 'grace']) {
      const stranger = await Party.register(world, name);
      const contact = await stranger.messenger.contacts.add(await alice.code());
      await stranger.messenger.messages.send(contact.accountId, { text: `hello from ${name}` });
      await world.until(() => alice.texts.includes(`hello from ${name}`));
    }
    expect(alice.undecryptable).toEqual([]);
  });

  it('is noticed at whatever commit it was taken', { timeout: 120_000 }, async () => {
    const { world, alice, bob, talk } = await talking('every');
    const snapshots: MemoryMedium[] = [];
    alice.onWritten = () => snapshots.push(alice.medium.copy());
    await talk('one');
    await talk('two');
    alice.onWritten = () => undefined;
    expect(snapshots.length).toBeGreaterThan(10);
    for (const [index, snapshot] of snapshots.entries()) {
      await bringBack(alice, snapshot);
      await alice.online();
      await talk(`after ${index}`);
      await world.pass(hourMs);
    }
    expect(alice.events.continuity?.length).toBeGreaterThanOrEqual(snapshots.length - 2);
    expect(twice(bob.texts)).toEqual([]);
    expect(bob.undecryptable).toEqual([]);
  });

  it.each(['die-before', 'die-after', 'fail'] as const)(
    'begins anew whichever of its commits meanwhile meets the fate %s',
    { timeout: 120_000 },
    async (fate) => {
      const { world, alice, bob, talk } = await talking(`meanwhile ${fate}`);
      const older = alice.medium.copy();
      await talk('one');
      let last = 0;
      for (let fateful = 1; last === fateful - 1; fateful += 1) {
        await bringBack(alice, older);
        let commits = 0;
        alice.commitPlan = () => ((commits += 1) === fateful ? fate : 'pass');
        void alice.messenger.connect();
        await world.pass(5_000);
        alice.commitPlan = () => 'pass';
        if (commits >= fateful) last = fateful;
        await alice.revive();
        await talk(`${fate} ${fateful}`);
      }
      // The repair, what it continues from, a session, keys made and uploaded, and the message that says so.
      expect(last).toBeGreaterThanOrEqual(6);
      expect(twice(bob.texts)).toEqual([]);
      expect(bob.undecryptable).toEqual([]);
    },
  );

  it('asks for the password where its tokens have been renewed since, and goes on then', async () => {
    const world = new World('tokens', { accessTokenTtlMs: 10 * 60_000 });
    const { alice, talk } = await talking('tokens', world);
    const older = alice.medium.copy();
    await world.pass(hourMs);
    await alice.restart();
    await talk('one');
    await bringBack(alice, older);
    await alice.messenger.connect();
    await world.until(() => alice.events['login-required'] !== undefined);
    expect(verdicts(alice)).toEqual([]);
    await alice.messenger.account.login(alice.password);
    await world.pass(5_000);
    await talk('two');
    expect(verdicts(alice)).toEqual(['rolled-back']);
  });
});

describe('a copy of a storage', () => {
  it('does not run beside the original unnoticed, whoever was first', async () => {
    const { world, alice, bob, bobId, talk } = await talking('copy');
    await talk('one');
    const copy = await Party.open(world, 'alice');
    await bringBack(copy, alice.medium);
    await copy.online();
    await world.until(() => alice.messenger.connection.kind === 'replaced');
    await copy.messenger.messages.send(bobId, { text: 'from the copy' });
    await alice.messenger.messages.send(bobId, { text: 'from the original' });
    await world.until(() => bob.texts.includes('from the copy'));
    await alice.messenger.connect();
    await world.until(() => bob.texts.includes('from the original'));
    // Behind by what the copy has sent; and then the other way round.
    expect([verdicts(copy), verdicts(alice)]).toEqual([[], ['rolled-back']]);
    await copy.messenger.connect();
    await copy.messenger.messages.send(bobId, { text: 'from the copy again' });
    await world.until(() => bob.texts.includes('from the copy again'));
    expect([verdicts(copy), verdicts(alice)]).toEqual([['rolled-back'], ['rolled-back']]);
    expect(twice(bob.texts)).toEqual([]);
  });

  it('that puts keys at the relay when the original has begun anew has them taken away again', async () => {
    const { world, alice, bob, talk } = await talking('keys-of-a-copy');
    const copy = await Party.open(world, 'alice');
    await bringBack(copy, alice.medium);
    await copy.online();
    await talkBetween(copy, bob)('one');
    await alice.messenger.connect();
    await world.settle();
    expect(verdicts(alice)).toEqual(['rolled-back']);
    const own = await alice.messenger.preKeys.status();
    // Nothing that the relay could tell the states by, and keys that the original had until it began anew.
    expect((await copy.messenger.preKeys.replenish()).signedId).not.toBe(own.signedId);
    copy.kill();
    await alice.restart();
    await alice.online();
    await world.settle();
    expect(verdicts(alice)).toEqual(['rolled-back']);
    const { signedId, kemLastResortId } = own;
    expect(await alice.messenger.preKeys.status()).toMatchObject({ signedId, kemLastResortId });
    for (const name of ['carol', 'dave', 'erin']) {
      const stranger = await Party.register(world, name);
      const contact = await stranger.messenger.contacts.add(await alice.code());
      await stranger.messenger.messages.send(contact.accountId, { text: `hello from ${name}` });
      await world.until(() => alice.texts.includes(`hello from ${name}`));
    }
    await talk('two');
    expect(alice.undecryptable).toEqual([]);
  });

  it('that did more than the original before it connects is behind all the same', async () => {
    const { world, alice, bob, bobId, talk } = await talking('ahead');
    await talk('one');
    const copy = await Party.open(world, 'alice');
    await bringBack(copy, alice.medium);
    // The copy counts far ahead, offline; the original goes on.
    for (let count = 0; count < 20; count += 1) {
      await copy.messenger.messages.send(bobId, { text: `copied ${count}` });
    }
    await alice.restart();
    await talk('two');
    await copy.online();
    await world.until(() => bob.texts.includes('copied 19'));
    expect(verdicts(copy)).toEqual(['rolled-back']);
    expect(bob.undecryptable).toEqual([]);
  });
});

describe('a relay', () => {
  const answering = (party: Party, change: (honest: ResumeResponse) => ResumeResponse) => {
    party.world.relay.tamper.responses = { resume: change };
  };

  it('that loses its answers does not make a device begin anew', async () => {
    const { world, alice, talk } = await talking('lost');
    await talk('one');
    for (let lost = 0; lost < 3; lost += 1) {
      let losses = 2;
      world.relay.tamper.loseReply = ({ operation }) =>
        operation === 'resume' && losses-- > 0 ? 'disconnect' : undefined;
      await alice.restart();
      await talk(`again ${lost}`);
    }
    expect(verdicts(alice)).toEqual([]);
  });

  it('that does not answer gets nothing from the device', async () => {
    const { world, alice, aliceId, bobId } = await talking('silent');
    alice.kill();
    const sends: string[] = [];
    world.relay.tamper.delay = ({ operation, device }) => {
      if (device?.accountId === aliceId) sends.push(operation);
      return undefined;
    };
    world.relay.tamper.loseReply = ({ operation }) => (operation === 'resume' ? 'silence' : undefined);
    await alice.revive();
    await alice.messenger.messages.send(bobId, { text: 'kept' });
    await world.pass(10 * 60_000);
    expect(alice.messenger.connection.kind).not.toBe('online');
    expect(sends).not.toContain('send');
    expect(sends).not.toContain('acknowledge');
    delete world.relay.tamper.loseReply;
    await world.until(async () => (await alice.history(bobId)).at(-1)?.status === 'delivered');
  });

  it('that says so falsely makes a device begin anew eight times a day, and no more', async () => {
    const { world, alice, bobId, talk } = await talking('false');
    let claimedOf: number | undefined;
    world.relay.tamper.responses = {
      resume: (honest, { generation }) => {
        // Asked again after beginning anew, it is content.
        const isContent = claimedOf !== undefined && generation === claimedOf + 1;
        claimedOf = isContent ? undefined : generation;
        return isContent ? honest : { ...honest, verdict: 'cloned' };
      },
    };
    for (let claim = 0; claim < limits.maxContinuityRepairs; claim += 1) {
      await alice.restart();
      await world.until(() => alice.messenger.connection.kind === 'online');
    }
    expect(verdicts(alice)).toHaveLength(limits.maxContinuityRepairs);
    await alice.restart();
    await alice.messenger.messages.send(bobId, { text: 'waits' });
    await world.pass(3 * hourMs);
    expect(alice.messenger.connection.kind).not.toBe('online');
    expect(verdicts(alice)).toHaveLength(limits.maxContinuityRepairs);
    delete world.relay.tamper.responses;
    await world.until(() => alice.messenger.connection.kind === 'online');
    await talk('after all');
  });

  it.each([
    ['a generation', (honest: ResumeResponse) => ({ ...honest, generation: 2 ** 31 - 1 })],
    ['a count', (honest: ResumeResponse) => ({ ...honest, storeSeq: 2 ** 48 })],
    ['a second verdict', (honest: ResumeResponse) => honest],
  ])('that lies with %s is not followed for ever', async (what, lie) => {
    const { world, alice, talk } = await talking(`lies ${what}`);
    alice.kill();
    const before = await alice.dump();
    answering(alice, (honest) => lie({ ...honest, verdict: 'rolled-back' }));
    await alice.revive();
    await world.pass(10 * 60_000);
    expect(alice.messenger.connection.kind).not.toBe('online');
    const second = what === 'a second verdict';
    const changed = changedKeys(before, await alice.dump());
    expect(changed.length > 0).toBe(second);
    expect(verdicts(alice).length > 0).toBe(second);
    delete world.relay.tamper.responses;
    await world.until(() => alice.messenger.connection.kind === 'online');
    await talk('after all');
  });
});
