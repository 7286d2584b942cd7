/** What a messenger says of itself: counts that survive, and a bundle that gives nobody away. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import { toBase64Url } from '../../src/wire/index.js';
import type { MediumState } from '../../src/storage/memory/memory-medium.js';
import { sdkVersion } from '../../src/version.js';
import { secretsOf } from '../support/device-secrets.js';
import { loseSessions } from '../support/lost-sessions.js';
import { introduced, Party } from '../support/party.js';
import { replaced, three, writeAll } from '../support/replaced.js';
import { findSecrets, secretText, type NamedSecret } from '../support/secret-scan.js';

describe('the counters', () => {
  it('count every reason in the commit of the event, also after a death', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('counters');
    expect(new Set(Object.values((await bob.messenger.diagnostics.counters()).undecryptable))).toEqual(
      new Set([0]),
    );
    await bob.messenger.messages.send(aliceId, { text: 'hello alice' });
    await world.pass(5_000);
    await loseSessions(bob);
    await alice.messenger.messages.send(bobId, { text: 'unreadable' });
    await world.until(() => bob.undecryptable.length === 1);
    // The device dies when another is durable and nobody has heard of it; the envelope comes again.
    world.relay.tamper.envelopes = (page) =>
      page.map((envelope) => ({ ...envelope, ciphertext: envelope.ciphertext.slice(1) }));
    bob.commitPlan = (changes) => (changes.some(({ key }) => key === 'counters') ? 'die-after' : 'pass');
    await alice.messenger.messages.send(bobId, { text: 'unreadable too' });
    await world.until(() => !bob.running);
    bob.commitPlan = () => 'pass';
    await bob.restart();
    await world.until(() => bob.undecryptable.length >= 2);
    await world.pass(5_000);
    const { undecryptable } = await bob.messenger.diagnostics.counters();
    const told = (reason: string) => bob.undecryptable.filter((one) => one === reason).length;
    for (const [reason, count] of Object.entries(undecryptable))
      expect([reason, count]).toEqual([reason, told(reason)]);
  });

  it('name the limit that an envelope met, and count one that waited and expired under both', async () => {
    const { world, alice, aliceId, replaceBob } = await replaced('counted-quarantine');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    const { undecryptable } = await alice.messenger.diagnostics.counters();
    expect(undecryptable['identity-changed']).toBe(three.length);
    await world.pass(limits.quarantineTtlMs);
    await world.until(
      () => alice.undecryptable.filter((reason) => reason === 'quarantine-expired').length === 3,
    );
    const after = await alice.messenger.diagnostics.counters();
    expect(after.undecryptable).toMatchObject({ 'identity-changed': 3, 'quarantine-expired': 3 });
    expect(after.limits).toEqual({});
  });
});

/** A quarantined message, a message nobody can read, one in the outbox, a request, an application's record. */
async function busyDevice() {
  const scene = await replaced('bundle', {
    alice: {
      onMessage: async (_message, unit) => unit.put('diary', new TextEncoder().encode('a diary entry')),
    },
  });
  const { world, alice, bob, aliceId, bobId, replaceBob } = scene;
  const carol = await Party.register(world, 'caroline');
  await carol.messenger.contacts.add(await alice.code());
  await carol.messenger.messages.send(aliceId, { text: 'a request by a stranger' });
  await world.until(async () => (await alice.texted(carol)).length === 1);
  await alice.messenger.contacts.accept(await carol.id());
  await carol.messenger.messages.send(aliceId, { text: 'a text from caroline' });
  await world.until(async () => (await alice.texted(carol)).length === 2);
  await bob.messenger.messages.send(aliceId, { text: 'a text from bob' });
  await world.pass(5_000);
  const bobSecrets = await secretsOf(bob);
  const otherBob = await replaceBob();
  await writeAll(otherBob, aliceId, ['a text under another key']);
  await alice.messenger.disconnect();
  await alice.messenger.messages.send(await carol.id(), { text: 'a text that waits' });
  return { ...scene, carol, otherBob, bobId, bobSecrets };
}

describe('the support bundle', () => {
  it('holds no content, name, key, token or id, in any spelling', async () => {
    const { alice, carol, otherBob, aliceId, bobId, bobSecrets } = await busyDevice();
    const carolId = await carol.id();
    const { diagnostics } = alice.messenger;
    const bundle = await diagnostics.supportBundle();
    const identities = await Promise.all(
      [alice, carol, otherBob].map(async (party) => ({
        name: `${party.username}'s public identity key`,
        bytes: (await party.messenger.account.profile())!.identityKey,
      })),
    );
    const secrets: NamedSecret[] = [
      ...(await secretsOf(alice)),
      ...(await secretsOf(carol)),
      ...bobSecrets,
      ...identities,
      ...[
        'a request by a stranger',
        'a text from caroline',
        'a text from bob',
        'a text under another key',
      ].map((text) => secretText('a text', text)),
      secretText('a text that waits', 'a text that waits'),
      secretText('an application record', 'a diary entry'),
      secretText('an application key', 'app/diary'),
      secretText('a username', 'caroline'),
      ...[aliceId, bobId, carolId].flatMap((id) => [
        secretText('an account id', id),
        { name: 'an account id', bytes: Buffer.from(id.replaceAll('-', ''), 'hex') },
      ]),
    ];
    const text = JSON.stringify(bundle, undefined, 1);
    expect(findSecrets(Buffer.from(`${text}\n${JSON.stringify(bundle)}`), secrets)).toEqual([]);
    // Names too short to be looked for among bytes.
    expect(text).not.toMatch(/"[^"]*(alice|bob|carol)[^"]*"/i);
    // The eyes are open.
    const planted = JSON.stringify({ ...bundle, note: toBase64Url(identities[0]!.bytes), who: carolId });
    expect(new Set(findSecrets(Buffer.from(planted), secrets).map(({ name }) => name))).toEqual(
      new Set(["alice's public identity key", 'an account id']),
    );
  });

  it('says what is the matter', async () => {
    const { world, alice } = await busyDevice();
    const bundle = await alice.messenger.diagnostics.supportBundle();
    expect(bundle).toMatchObject({
      v: 1,
      madeAt: world.clock.now(),
      versions: { sdk: sdkVersion },
      connection: { kind: 'closed' },
      sender: { sending: 0, retrying: 0 },
      device: { isRegistered: true, generation: 1 },
      outbox: { count: 1, recipientCount: 1, oldestAt: world.clock.now() },
      records: { quarantine: 1 },
      storage: { durability: 'none' },
      failures: [],
    });
    expect(bundle.counters).toEqual(await alice.messenger.diagnostics.counters());
    expect(bundle.counters?.undecryptable['identity-changed']).toBe(1);
    const [waiting, other] = [...bundle.peers!].sort((left, right) => left.outboxCount - right.outboxCount);
    expect(waiting).toMatchObject({ trust: 'changed', quarantinedCount: 1, outboxCount: 0 });
    expect(other).toMatchObject({ trust: 'unverified', quarantinedCount: 0, outboxCount: 1 });
    const used = new Map(bundle.limits!.map(({ name, used: count }) => [name, count]));
    expect(used.get('maxQuarantinedPerAccount')).toBe(1);
    expect(used.get('maxOutboxEntries')).toBe(1);
  });

  it('tells the same accounts apart by other references each time', async () => {
    const { alice } = await busyDevice();
    const references = async () =>
      (await alice.messenger.diagnostics.supportBundle()).peers!.map(({ reference }) => reference);
    const [first, second] = [await references(), await references()];
    expect(new Set([...first, ...second]).size).toBe(4);
    expect(first[0]).toMatch(/^[A-Za-z0-9_-]{12}$/);
  });

  it('is made also of a storage that cannot be read, and says what could not', async () => {
    const { alice, bobId } = await introduced('unreadable');
    const medium = alice.medium as MediumState;
    const key = `contact/${bobId}`;
    medium.set(key, medium.get(key)!.slice(1));
    const bundle = await alice.messenger.diagnostics.supportBundle();
    expect(bundle.peers).toBeNull();
    expect(bundle.failures).toContainEqual({ part: 'peers', code: 'storage-corrupt' });
    expect(bundle.device?.isRegistered).toBe(true);
  });

  it('names the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(sdkVersion).toBe(version);
  });
});
