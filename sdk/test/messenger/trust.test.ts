/**
 * The trust table: an account that comes with another identity key than the pinned one. Here the relay
 * lets somebody else register under bob's name and account id, and that somebody is a whole messenger.
 */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import { makeIdentity, signManifest, signStatement } from '../support/identities.js';
import { introduced, textOf, type PartyOptions } from '../support/party.js';
import { dieWhenAccepted, replaced, three, writeAll } from '../support/replaced.js';

describe('a message under another identity key', () => {
  it('blocks sending, waits in quarantine, and takes effect in order once the key is accepted', async () => {
    const handled: string[] = [];
    const onMessage: PartyOptions['onMessage'] = (message) => void handled.push(textOf(message));
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('incoming', { alice: { onMessage } });
    const pinned = await alice.messenger.contacts.get(bobId);
    const number = await alice.messenger.contacts.safetyNumber(bobId);
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);

    const contact = await alice.messenger.contacts.get(bobId);
    const otherKey = (await otherBob.messenger.account.profile())!.identityKey;
    expect(contact).toMatchObject({ trust: 'changed', identityKey: pinned!.identityKey });
    expect(alice.undecryptable).toEqual(['identity-changed', 'identity-changed', 'identity-changed']);
    const noted = alice.events.contact!.filter(({ change }) => change === 'identity-changed');
    expect(noted).toHaveLength(1);
    expect([handled, alice.texts]).toEqual([[], []]);
    await expect(alice.messenger.messages.send(bobId, { text: 'x' })).rejects.toMatchObject({
      code: 'identity-changed',
      details: { accountId: bobId, shownIdentityKey: otherKey },
    });
    await expect(alice.messenger.contacts.verify(bobId, { kind: 'compared' })).rejects.toMatchObject({
      code: 'identity-changed',
    });
    // What was verified is the old key, and its number is shown until the user accepts another.
    expect(await alice.messenger.contacts.safetyNumber(bobId)).toEqual(number);
    expect((await otherBob.history(aliceId)).map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);

    const accepted = await alice.messenger.contacts.acceptIdentity(bobId);
    expect(accepted).toMatchObject({ trust: 'unverified', identityKey: otherKey });
    await world.settle();
    expect(handled).toEqual(three);
    expect(alice.texts).toEqual(three);
    expect((await alice.messenger.contacts.safetyNumber(bobId)).displayable).not.toBe(number.displayable);
    await world.until(async () =>
      (await otherBob.history(aliceId)).every(({ status }) => status === 'delivered'),
    );
    await alice.messenger.messages.send(bobId, { text: 'good to see you' });
    await world.until(() => otherBob.texts.includes('good to see you'));
    expect([...(await alice.dump()).keys()].filter((key) => key.startsWith('quarantine/'))).toEqual([]);
  });

  it('keeps owed receipts back', async () => {
    const { world, alice, bob, aliceId, bobId, replaceBob } = await replaced('owed');
    await bob.messenger.messages.send(aliceId, { text: 'before I go' });
    // Online, but no time passes: the receipt is owed and not sent.
    await world.settle();
    expect(alice.texts).toEqual(['before I go']);
    const otherBob = await replaceBob();
    await otherBob.messenger.messages.send(aliceId, { text: 'after' });
    await world.settle();
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('changed');
    let sends = 0;
    world.relay.tamper.delay = (call) => {
      if (call.operation === 'send' && call.device?.accountId === aliceId) sends += 1;
      return undefined;
    };
    let queued = 0;
    alice.commitPlan = (changes) => {
      queued += changes.filter(({ key }) => key.startsWith('outbox/')).length;
      return 'pass';
    };
    await world.pass(60_000);
    expect([queued, sends]).toEqual([0, 0]);
    expect([...(await alice.dump()).keys()].filter((key) => key.startsWith('receipt/'))).toEqual([]);
  });

  it('waits in a quarantine of bounded size', async () => {
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('caps');
    const otherBob = await replaceBob();
    const extra = 4;
    const texts = Array.from({ length: limits.maxQuarantinedPerAccount + extra }, (_, n) => `n${n}`);
    await writeAll(otherBob, aliceId, texts);
    const reasons = alice.undecryptable;
    expect(reasons.filter((reason) => reason === 'identity-changed')).toHaveLength(
      limits.maxQuarantinedPerAccount,
    );
    expect(reasons.filter((reason) => reason === 'limit-exceeded')).toHaveLength(extra);
    expect(world.relay.waiting(await alice.address())).toEqual([]);
    await alice.messenger.contacts.acceptIdentity(bobId);
    await world.settle();
    expect(alice.texts).toEqual(texts.slice(0, limits.maxQuarantinedPerAccount));
  });

  it('takes effect after a crash between the acceptance and its effect, too', async () => {
    const scene = await replaced('crash-accept');
    const { world, alice, aliceId, bobId, replaceBob } = scene;
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    await dieWhenAccepted(scene);
    expect(alice.texts).toEqual([]);
    await alice.revive();
    await world.until(() => alice.texts.length === three.length);
    expect(alice.texts).toEqual(three);
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('unverified');
  });

  it('is forgotten with its contact', async () => {
    const { alice, aliceId, bobId, replaceBob } = await replaced('forgotten');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    await alice.messenger.contacts.remove(bobId);
    const left = [...(await alice.dump()).keys()].filter((key) => /^(quarantine|contact)/.test(key));
    expect(left).toEqual([]);
  });
});

describe('a bundle under another identity key', () => {
  it('fails the message; accepted, the same message goes out and introduces its sender', async () => {
    const { world, alice, bob, aliceId, bobId, replaceBob } = await replaced('bundle');
    // The old bob has answered, so he had alice's code; what he knew is lost.
    await bob.messenger.messages.send(aliceId, { text: 'before I lost everything' });
    await world.until(() => alice.texts.length === 1);
    await world.pass(5_000);
    const otherBob = await replaceBob();
    // The new bob knows nobody: alice must say who she is.
    await otherBob.messenger.contacts.remove(aliceId);
    await alice.messenger.sessions.reset(bobId);
    const { seq } = await alice.messenger.messages.send(bobId, { text: 'still you?' });
    await world.until(async () => (await alice.rows(bobId)).at(-1)?.status === 'failed');
    expect(await alice.messenger.messages.get(bobId, seq)).toMatchObject({ failure: 'identity-changed' });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('changed');
    await alice.messenger.contacts.acceptIdentity(bobId);
    await alice.messenger.messages.retry(bobId, seq);
    await world.until(() => otherBob.texts.length === 1);
    expect(otherBob.events.message![0]!.message).toMatchObject({
      request: true,
      body: { text: 'still you?' },
    });
    expect(otherBob.undecryptable).toEqual([]);
    expect((await alice.messenger.messages.get(bobId, seq)).status).toBe('sent');
  });
});

describe('accepting an identity', () => {
  it('takes a relay that shows a statement by that very key', async () => {
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('accept');
    const honestBefore = world.relay.account('bob')!;
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    const mallory = await makeIdentity();
    const honest = world.relay.account('bob')!;
    const lies = [
      // The pinned key, a third key, and the right key for another account.
      honestBefore,
      {
        statement: await signStatement(mallory, honest.statement),
        manifest: await signManifest(mallory, honest.manifest),
      },
      world.relay.account('alice')!,
    ];
    const before = await alice.dump();
    for (const { statement, manifest } of lies) {
      const told = { statement, manifest, introductionToken: 'a token of no use' };
      world.relay.tamper.responses = { 'contacts.resolve': () => told };
      await expect(alice.messenger.contacts.acceptIdentity(bobId)).rejects.toMatchObject({
        code: 'statement-mismatch',
      });
    }
    expect(await alice.dump()).toEqual(before);
    world.relay.tamper = {};
    await alice.messenger.contacts.acceptIdentity(bobId);
    await world.settle();
    expect(alice.texts).toEqual(three);
  });

  it('of a contact that has not changed is nothing', async () => {
    const { alice, bobId } = await introduced('unchanged');
    const before = await alice.messenger.contacts.get(bobId);
    expect(await alice.messenger.contacts.acceptIdentity(bobId)).toEqual(before);
  });
});

describe('a key that was falsely shown', () => {
  /** The relay shows a key of its own for bob, once. */
  async function slandered(seed: string) {
    const scene = await replaced(seed);
    const { world, alice, bobId } = scene;
    const mallory = await makeIdentity();
    const { statement, manifest } = world.relay.account('bob')!;
    const lie = {
      statement: await signStatement(mallory, statement),
      manifest: await signManifest(mallory, manifest),
    };
    await alice.messenger.sessions.reset(bobId);
    world.relay.tamper.responses = { 'keys.bundle': (honest) => ({ ...honest, ...lie }) };
    await alice.messenger.messages.send(bobId, { text: 'intercepted?' });
    await world.until(async () => (await alice.rows(bobId)).at(-1)?.status === 'failed');
    world.relay.tamper = {};
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('changed');
    return { ...scene, lie };
  }

  it('goes once the relay shows the pinned one again, and leaves trust and pin as they were', async () => {
    const { world, alice, bob, bobId } = await slandered('slander');
    const { seq } = (await alice.history(bobId)).at(-1)!;
    const pinned = (await alice.messenger.contacts.get(bobId))!.identityKey;
    const contact = await alice.messenger.contacts.recheckIdentity(bobId);
    expect(contact).toMatchObject({ trust: 'verified', identityKey: pinned });
    await world.settle();
    expect(alice.events.contact!.at(-1)).toMatchObject({ change: 'identity-restored' });
    await alice.messenger.messages.retry(bobId, seq);
    await world.until(() => bob.texts.includes('intercepted?'));
    // With nothing to recheck, nothing happens.
    const before = await alice.dump();
    expect(await alice.messenger.contacts.recheckIdentity(bobId)).toMatchObject({ trust: 'verified' });
    expect(await alice.dump()).toEqual(before);
  });

  it('stays as long as the relay shows it, or nothing that is signed by the pinned one', async () => {
    const { world, alice, bobId, lie } = await slandered('slander-on');
    const shown = (await alice.messenger.contacts.get(bobId))!;
    const answer = { ...lie, introductionToken: 'a token' };
    world.relay.tamper.responses = { 'contacts.resolve': () => answer };
    await expect(alice.messenger.contacts.recheckIdentity(bobId)).rejects.toMatchObject({
      code: 'identity-changed',
      details: { shownIdentityKey: lie.statement.identityKey },
    });
    // The pinned key under another's signature.
    const forged = { ...world.relay.account('bob')!.statement, signature: lie.statement.signature };
    world.relay.tamper.responses = { 'contacts.resolve': () => ({ ...answer, statement: forged }) };
    await expect(alice.messenger.contacts.recheckIdentity(bobId)).rejects.toMatchObject({
      code: 'invalid-signature',
    });
    expect(await alice.messenger.contacts.get(bobId)).toEqual(shown);
  });

  it('is not taken back by a relay that has nobody under the pinned key', async () => {
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('recheck-real');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    await expect(alice.messenger.contacts.recheckIdentity(bobId)).rejects.toMatchObject({
      code: 'not-found',
    });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('changed');
    await world.settle();
  });

  it('goes with its contact’s code typed anew, which raises nothing beyond what it is worth', async () => {
    const { alice, bob, bobId } = await slandered('slander-code');
    expect(await alice.messenger.contacts.add(await bob.code())).toMatchObject({ trust: 'verified' });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('verified');
  });
});

describe('a verification', () => {
  it('counts for the number that was compared, and no other', async () => {
    const { alice, bob, aliceId, bobId } = await introduced('verify');
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('code-checked');
    expect((await bob.messenger.contacts.get(aliceId))?.trust).toBe('unverified');
    const ours = await alice.messenger.contacts.safetyNumber(bobId);
    const theirs = await bob.messenger.contacts.safetyNumber(aliceId);
    expect(ours.displayable).toBe(theirs.displayable);
    const wrong = [
      { kind: 'digits', digits: '0'.repeat(60) },
      { kind: 'digits', digits: '' },
      { kind: 'scanned', scannable: ours.scannable },
    ] as const;
    for (const comparison of wrong) {
      await expect(alice.messenger.contacts.verify(bobId, comparison)).rejects.toMatchObject({
        code: 'safety-number-mismatch',
      });
    }
    await expect(
      alice.messenger.contacts.verify(bobId, { kind: 'scanned', scannable: Uint8Array.of(1, 2, 3) }),
    ).rejects.toMatchObject({ code: 'invalid-message' });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('code-checked');
    await alice.messenger.contacts.verify(bobId, { kind: 'scanned', scannable: theirs.scannable });
    await bob.messenger.contacts.verify(aliceId, {
      kind: 'digits',
      digits: ours.displayable.replace(/(\d{5})/g, '$1 '),
    });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('verified');
    expect((await bob.messenger.contacts.get(aliceId))?.trust).toBe('verified');
    // A code that is checked later does not lower it.
    await alice.messenger.contacts.add(await bob.code());
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('verified');
  });
});
