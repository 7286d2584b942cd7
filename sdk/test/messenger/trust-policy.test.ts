/** `trust.sendTo`: no text goes out to whom is trusted less, whichever way it would have taken. */
import { describe, expect, it } from 'vitest';
import { loseSessions } from '../support/lost-sessions.js';
import { introduced, Party, type PartyOptions } from '../support/party.js';
import { changeStored } from '../support/stored-records.js';
import { World } from '../support/world.js';

const verifiedOnly: PartyOptions = { trust: { sendTo: 'verified' } };
const tooLow = { code: 'contact-trust-too-low' };

/** Bob sends to verified contacts only, and has verified alice if that is said. */
async function careful(seed: string, { verified = false, bob = verifiedOnly } = {}) {
  const scene = await introduced(seed, { bob });
  if (verified) await verify(scene);
  return scene;
}

async function verify({ alice, bob, aliceId, bobId }: Awaited<ReturnType<typeof introduced>>): Promise<void> {
  const { scannable } = await alice.messenger.contacts.safetyNumber(bobId);
  await bob.messenger.contacts.verify(aliceId, { kind: 'scanned', scannable });
}

/** Takes the trust in a contact away while nothing runs, as removing it and adding it again by a short code does. */
async function forgetVerification(party: Party, key: string): Promise<void> {
  party.kill();
  await changeStored(party.medium, key, (fields) => {
    expect(fields['strength']).toBe('verified');
    return { ...fields, strength: 'unverified' };
  });
  await party.start();
}

describe('a messenger that sends to verified contacts only', () => {
  it('refuses a text to an unverified one, writes nothing down, and takes it once they are verified', async () => {
    const scene = await careful('refuse');
    const { world, alice, bob, aliceId } = scene;
    const before = await bob.texted(alice);
    await expect(bob.messenger.messages.send(aliceId, { text: 'no' })).rejects.toMatchObject(tooLow);
    expect(await bob.texted(alice)).toEqual(before);
    await verify(scene);
    await bob.messenger.messages.send(aliceId, { text: 'yes' });
    await world.until(() => alice.texts.includes('yes'));
    expect(alice.texts).toEqual(['yes']);
  });

  it('takes in and confirms what an unverified contact writes', async () => {
    const { world, alice, bob, bobId } = await careful('receive');
    await alice.messenger.messages.send(bobId, { text: 'can you hear me' });
    await world.until(() => bob.texts.includes('can you hear me'));
    await world.pass(60_000);
    expect((await alice.history(bob)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  it('fails what waited when its contact is trusted less by then, and retries it when they are verified', async () => {
    const scene = await careful('waited', { verified: true });
    const { world, alice, bob, aliceId } = scene;
    await bob.messenger.disconnect();
    const { seq } = await bob.messenger.messages.send(aliceId, { text: 'for her alone' });
    await forgetVerification(bob, `contact/${aliceId}`);
    await bob.online();
    await world.until(async () => (await bob.history(alice)).at(-1)?.status === 'failed');
    expect((await bob.history(alice)).at(-1)?.failure).toBe('contact-trust-too-low');
    await expect(bob.messenger.messages.retry(aliceId, seq)).rejects.toMatchObject(tooLow);
    await world.pass(60_000);
    expect(alice.texts).toEqual([]);
    await verify(scene);
    await bob.messenger.messages.retry(aliceId, seq);
    await world.until(() => alice.texts.includes('for her alone'));
  });

  it('sends a lost message again to a verified contact, and not when they are no more', async () => {
    const texts: string[][] = [];
    for (const trusted of [true, false]) {
      const { world, alice, bob, aliceId, bobId } = await careful(`lost ${trusted}`, { verified: true });
      await bob.messenger.messages.send(aliceId, { text: 'first' });
      await world.until(() => alice.texts.length === 1);
      await alice.messenger.disconnect();
      await bob.messenger.messages.send(aliceId, { text: 'lost' });
      await world.until(async () => (await bob.history(alice)).at(-1)?.status === 'sent');
      if (!trusted) {
        await forgetVerification(bob, `contact/${aliceId}`);
        await bob.online();
      }
      await loseSessions(alice);
      await world.until(() => alice.undecryptable.length === 1);
      // The request holds nothing up behind it.
      await alice.messenger.messages.send(bobId, { text: 'are you there' });
      await world.until(() => bob.texts.includes('are you there'));
      await world.pass(60_000);
      texts.push(alice.texts);
      expect((await bob.history(alice)).map(({ status }) => status)).not.toContain('failed');
    }
    expect(texts).toEqual([['first', 'lost'], ['first']]);
  });

  it('holds a handler to it', async () => {
    const onMessage: PartyOptions['onMessage'] = async ({ sender }, unit) => {
      await unit.send(sender, { text: 'I answer everybody' });
    };
    const bobOptions = { ...verifiedOnly, onMessage };
    const { world, alice, bob, bobId } = await careful('handler', { bob: bobOptions });
    await alice.messenger.messages.send(bobId, { text: 'hello bot' });
    await world.until(() => bob.texts.includes('hello bot'));
    await world.pass(60_000);
    expect(bob.events['handler-failed']!.at(-1)).toMatchObject({ reason: 'contact-trust-too-low' });
    expect(alice.texts).toEqual([]);
  });
});

it('asks for a checked code where that is enough', async () => {
  const bob: PartyOptions = { trust: { sendTo: 'code-checked' } };
  const { world, alice, bob: careful, aliceId } = await introduced('code', { bob });
  await expect(careful.messenger.messages.send(aliceId, { text: 'no' })).rejects.toMatchObject(tooLow);
  await careful.messenger.contacts.add(await alice.code());
  await careful.messenger.messages.send(aliceId, { text: 'yes' });
  await world.until(() => alice.texts.includes('yes'));
});

it('does not open with a word that is no trust', async () => {
  const trust = { sendTo: 'Verified' as 'verified' };
  await expect(Party.open(new World('typo'), 'alice', { trust })).rejects.toThrow(TypeError);
});
