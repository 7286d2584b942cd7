/** Links and QR codes: who is added by one is verified, who is known is compared, and a lie is shown. */
import { describe, expect, it } from 'vitest';
import { formatContactLink, parseContactLink } from '../../src/verification/index.js';
import { toBase64Url } from '../../src/wire/index.js';
import { makeIdentity, signManifest, signStatement } from '../support/identities.js';
import { introduced, Party } from '../support/party.js';
import { replaced } from '../support/replaced.js';
import { World } from '../support/world.js';

async function strangers(seed: string) {
  const world = new World(seed);
  const alice = await Party.register(world, 'alice');
  const bob = await Party.register(world, 'bob');
  return { world, alice, bob, bobId: await bob.id(), link: (await bob.messenger.contacts.share()).link };
}

/** What observers of alice heard of her contacts since `from`. */
const changesOf = (party: Party, from = 0) =>
  (party.events.contact ?? []).slice(from).map(({ change }) => change);

describe('what is shared of an account', () => {
  it('says name, relay and whole key, as a code, a QR text and a link', async () => {
    const { bob } = await strangers('share');
    const profile = (await bob.messenger.account.profile())!;
    const shared = await bob.messenger.contacts.share();
    expect(shared.contactCode).toBe(profile.contactCode);
    expect(shared.link).toBe(shared.qrPayload);
    const said = {
      relayOrigin: bob.transport.relayOrigin,
      username: 'bob',
      identityKey: profile.identityKey,
    };
    expect(parseContactLink(shared.qrPayload)).toEqual(said);
    const page = 'https://chat.example/add';
    const paged = await bob.messenger.contacts.share({ page });
    expect(paged).toEqual({ ...shared, link: formatContactLink(said, page) });
    // Whatever fetches the page sends nothing of this to it.
    expect(new URL(paged.link).href.split('#')[0]).toBe(page);
  });

  it('is nothing before there is an account, and not at any address', async () => {
    const world = new World('share-nothing');
    const nobody = await Party.open(world, 'nobody');
    await expect(nobody.messenger.contacts.share()).rejects.toMatchObject({ code: 'not-registered' });
    const { bob } = await strangers('share-page');
    for (const page of ['', 'javascript:alert(1)', 'https://chat.example/?x', 'https://chat.example/#x']) {
      await expect(bob.messenger.contacts.share({ page })).rejects.toMatchObject({
        code: 'invalid-contact-link',
      });
    }
  });
});

describe('a stranger added by link', () => {
  it('is verified, and can be written to', async () => {
    const { world, alice, bob, bobId, link } = await strangers('add');
    expect(await alice.messenger.contacts.addByLink(link)).toMatchObject({
      accountId: bobId,
      trust: 'verified',
      relation: 'accepted',
    });
    await world.settle();
    expect(alice.events.contact).toMatchObject([{ change: 'added', contact: { trust: 'verified' } }]);
    await alice.messenger.messages.send(bobId, { text: 'seen your key' });
    await world.until(() => bob.texts.includes('seen your key'));
  });

  it('is not added when the relay shows any other key for the name', async () => {
    const { world, alice, bob, link } = await strangers('impostor');
    const mallory = await makeIdentity();
    const { statement, manifest } = world.relay.account('bob')!;
    const told = {
      statement: await signStatement(mallory, statement),
      manifest: await signManifest(mallory, manifest),
      introductionToken: 'a token of no use',
    };
    const before = await alice.dump();
    world.relay.tamper.responses = { 'contacts.resolve': () => told };
    await expect(alice.messenger.contacts.addByLink(link)).rejects.toMatchObject({
      code: 'statement-mismatch',
    });
    // An honest relay has nobody behind a key that somebody made up.
    world.relay.tamper = {};
    const madeUp = formatContactLink({ ...parseContactLink(link), identityKey: mallory.publicKey });
    await expect(alice.messenger.contacts.addByLink(madeUp)).rejects.toMatchObject({ code: 'not-found' });
    expect(await alice.dump()).toEqual(before);
    expect((await alice.messenger.contacts.addByLink(link)).accountId).toBe(await bob.id());
  });

  it('is refused without a word to the relay where the link cannot be meant', async () => {
    const { world, alice, link } = await strangers('refused');
    const parts = parseContactLink(link);
    const refusals = {
      'contact-is-self': (await alice.messenger.contacts.share()).link,
      'contact-link-of-another-relay': formatContactLink({ ...parts, relayOrigin: 'https://other.example' }),
      'contact-link-version': link.replace('contact=1', 'contact=2'),
      'link-code-outside-linking': link.replace('sotto-contact=', 'sotto-device='),
      'invalid-contact-link': `${link} `,
    };
    let calls = 0;
    world.relay.tamper.delay = () => void (calls += 1);
    const before = await alice.dump();
    for (const [code, text] of Object.entries(refusals)) {
      await expect(alice.messenger.contacts.addByLink(text)).rejects.toMatchObject({ code });
    }
    expect([await alice.dump(), calls]).toEqual([before, 0]);
  });
});

describe('somebody known whose link is scanned', () => {
  it('is verified by the pinned key, offline as well', async () => {
    const { world, alice, bob, bobId } = await introduced('known');
    const { qrPayload } = await bob.messenger.contacts.share();
    world.network.unplug(alice.transport);
    const heard = alice.events.contact!.length;
    expect(await alice.messenger.contacts.addByLink(qrPayload)).toMatchObject({ trust: 'verified' });
    await alice.messenger.contacts.addByLink(qrPayload);
    await world.settle();
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('verified');
    // Said once.
    expect(changesOf(alice, heard)).toEqual(['accepted', 'verified', 'accepted']);
  });

  it('is accepted if it was a message request', async () => {
    const world = new World('request');
    const alice = await Party.register(world, 'alice');
    const bob = await Party.register(world, 'bob');
    await alice.messenger.contacts.addByLink((await bob.messenger.contacts.share()).link);
    await alice.messenger.messages.send(await bob.id(), { text: 'may I?' });
    await world.until(() => bob.texts.includes('may I?'));
    const contact = await bob.messenger.contacts.addByLink((await alice.messenger.contacts.share()).link);
    expect(contact).toMatchObject({ relation: 'accepted', trust: 'verified' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
  });

  it('is shown as changed by another key, and what was pinned stays until the user accepts', async () => {
    const { world, alice, bobId, replaceBob } = await replaced('scan-changed');
    const pinned = (await alice.messenger.contacts.get(bobId))!;
    const otherBob = await replaceBob();
    const { link } = await otherBob.messenger.contacts.share();
    const { identityKey } = parseContactLink(link);
    await expect(alice.messenger.contacts.addByLink(link)).rejects.toMatchObject({
      code: 'identity-changed',
      details: { accountId: bobId, shownIdentityKey: identityKey },
    });
    await world.settle();
    expect(await alice.messenger.contacts.get(bobId)).toEqual({ ...pinned, trust: 'changed' });
    expect(changesOf(alice).at(-1)).toBe('identity-changed');
    await expect(alice.messenger.messages.send(bobId, { text: 'x' })).rejects.toMatchObject({
      code: 'identity-changed',
    });
    expect(await alice.messenger.contacts.acceptIdentity(bobId)).toMatchObject({ trust: 'unverified' });
    expect(await alice.messenger.contacts.addByLink(link)).toMatchObject({ trust: 'verified', identityKey });
  });

  it('is what it was again when a made-up key is found out', async () => {
    const { alice, bob, bobId } = await introduced('made-up');
    const { link } = await bob.messenger.contacts.share();
    const mallory = await makeIdentity();
    const madeUp = link.replace(/key=.*/, `key=${toBase64Url(mallory.publicKey)}`);
    await expect(alice.messenger.contacts.addByLink(madeUp)).rejects.toMatchObject({
      code: 'identity-changed',
    });
    // The relay has nobody behind that key.
    await expect(alice.messenger.contacts.acceptIdentity(bobId)).rejects.toMatchObject({ code: 'not-found' });
    expect(await alice.messenger.contacts.recheckIdentity(bobId)).toMatchObject({ trust: 'code-checked' });
  });

  it('stays changed while the relay shows another key, and is verified once it shows the right one', async () => {
    const { world, alice, bob, bobId } = await introduced('relay-lies-on');
    const { link } = await bob.messenger.contacts.share();
    const mallory = await makeIdentity();
    const { statement, manifest } = world.relay.account('bob')!;
    const lie = {
      statement: await signStatement(mallory, statement),
      manifest: await signManifest(mallory, manifest),
    };
    await alice.messenger.sessions.reset(bobId);
    world.relay.tamper.responses = {
      'keys.bundle': (honest) => ({ ...honest, ...lie }),
      'contacts.resolve': (honest) => ({ ...honest, ...lie }),
    };
    await alice.messenger.messages.send(bobId, { text: 'intercepted?' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'failed');
    await expect(alice.messenger.contacts.addByLink(link)).rejects.toMatchObject({
      code: 'statement-mismatch',
    });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('changed');
    world.relay.tamper = {};
    const heard = alice.events.contact!.length;
    expect(await alice.messenger.contacts.addByLink(link)).toMatchObject({ trust: 'verified' });
    await world.settle();
    expect(changesOf(alice, heard)).toEqual(['identity-restored', 'accepted', 'verified']);
  });
});
