/** Cases: pre-keys over their life, and pinned identity keys. */
import { verifySignature } from '../verification/index.js';
import { assert, assertEqual } from './assert.js';
import {
  type EnginePair,
  makeConversation,
  makePair,
  RecordSnapshot,
  shownIdentity,
  type Sent,
  startTime,
  TestDevice,
} from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';

/** Declares them. */
export function preKeyCases({ describe, it }: ConformanceRunner, pair: EnginePair): void {
  describe('pre-keys', () => {
    it('are made as asked, with signatures that verify', () => made(pair));
    it('serve with and without one-time keys', () => combinations(pair));
    it('are used up in the same changes as the session that used them', () => usedUp(pair));
    it('that were removed are missing', () => removal(pair));
    it('that are missing are named so', () => missing(pair));
    it('of last resort serve many, and none of them twice', () => lastResort(pair));
    it('of last resort refuse a replay after the session was archived', () => archivedReplay(pair));
  });
  describe('pinned identity keys', () => {
    it('stop a session with another key', () => pinAtStart(pair));
    it('stop encryption and decryption under another key', () => pinAtUse(pair));
    it('are reported at first contact', () => firstContact(pair));
  });
}

async function made(pair: EnginePair): Promise<void> {
  const { bob } = await makePair(pair);
  const { publicKey: identityKey } = bob.our.identity;
  const { signed, kemLastResort, oneTime, kemOneTime } = bob.preKeys;
  assert(signed && kemLastResort, 'signed and last-resort pre-keys were asked for');
  assertEqual([signed.id, kemLastResort.id], [1, 0xffffffff], 'ids of the lasting keys');
  assertEqual(
    oneTime.map(({ id }) => id),
    [11, 12, 13],
    'ids of the one-time keys',
  );
  assertEqual(
    kemOneTime.map(({ id }) => id),
    [21, 22, 23],
    'ids of the one-time KEM keys',
  );
  for (const key of [signed, kemLastResort, ...kemOneTime])
    verifySignature(identityKey, key.publicKey, key.signature);
  for (const key of [signed, ...oneTime])
    assertEqual([key.publicKey.length, key.publicKey[0]], [33, 5], 'EC key');
  for (const key of [kemLastResort, ...kemOneTime])
    assertEqual([key.publicKey.length, key.publicKey[0]], [1569, 8], 'KEM key');
  const none = await bob.engine.generatePreKeys({
    our: bob.our,
    oneTimeIds: [],
    kemOneTimeIds: [],
    now: startTime,
  });
  assertEqual(none, { result: { oneTime: [], kemOneTime: [] }, changes: [] }, 'nothing asked for');
}

async function combinations(pair: EnginePair): Promise<void> {
  const choices = [{ ec: 11, kem: 21 }, { ec: 11 }, { kem: 21 }, {}] as const;
  for (const choice of choices) {
    const { alice, bob } = await makePair(pair);
    await alice.startSession(bob, choice);
    const { usedPreKeys } = await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
    const expected = {
      ...('ec' in choice ? { oneTimeId: choice.ec } : {}),
      ...('kem' in choice ? { kemOneTimeId: choice.kem } : {}),
    };
    assertEqual(usedPreKeys, expected, 'used pre-keys');
    await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  }
}

async function usedUp(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  const before = bob.records.size;
  const step = await bob.tryDecrypt(alice, first);
  const puts = step.changes.filter(({ value }) => value !== undefined);
  const deletions = step.changes.filter(({ value }) => value === undefined);
  assertEqual(
    [puts.length, deletions.length],
    [1, 2],
    'one session put and two keys deleted, in one list of changes',
  );
  for (const { key } of deletions) assert(bob.records.has(key), `${key} was there to be deleted`);
  // As if the process had died before the commit: the message comes again and finds its keys.
  await bob.decrypt(alice, first);
  assertEqual(bob.records.size, before - 1, 'records after two keys went and a session came');
  await bob.assertRefuses(alice, first, 'duplicate-message', 'the same message after the commit');
  bob.apply(await bob.engine.removeSession(bob.view, alice.address));
  await bob.assertRefuses(alice, first, 'pre-key-missing', 'the same message without its session');
}

async function removal(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob);
  const first = await alice.encrypt(bob, 'first');
  const unknown = await bob.engine.removePreKeys({ oneTime: [900], kem: [901], signed: [902] });
  const before = bob.records.size;
  bob.apply(unknown);
  assertEqual(bob.records.size, before, 'records after removing unknown ids');
  bob.apply(
    await bob.engine.removePreKeys({ oneTime: [11, 12, 13], kem: [21, 22, 23, 0xffffffff], signed: [1] }),
  );
  assertEqual(bob.records.size, 0, 'records after removing everything');
  await bob.assertRefuses(alice, first, 'pre-key-missing', 'a message to removed keys');
  bob.apply(await bob.engine.removePreKeys({}));
}

async function missing(pair: EnginePair): Promise<void> {
  for (const ids of [{ signed: [1] }, { oneTime: [11] }, { kem: [21] }]) {
    const { alice, bob } = await makePair(pair);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    const first = await alice.encrypt(bob, 'first');
    bob.apply(await bob.engine.removePreKeys(ids));
    await bob.assertRefuses(alice, first, 'pre-key-missing', `without ${Object.keys(ids).join()}`);
  }
}

/** Many first messages to one last-resort key, each from a session of its own. */
async function firstMessages(alice: TestDevice, bob: TestDevice, count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let index = 0; index < count; index += 1) {
    await alice.startSession(bob);
    sent.push(await alice.encrypt(bob, `first ${index}`));
  }
  return sent;
}

async function lastResort(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const sent = await firstMessages(alice, bob, 5);
  for (const message of sent) await bob.decrypt(alice, message);
  bob.apply(await bob.engine.removeSession(bob.view, alice.address));
  for (const message of sent)
    await bob.assertRefuses(alice, message, 'pre-key-replayed', 'a replay without its session');
  const [fresh] = await firstMessages(alice, bob, 1);
  await bob.decrypt(alice, fresh as Sent);
  bob.apply(await bob.engine.removePreKeys({ kem: [0xffffffff] }));
  bob.apply(await bob.engine.removeSession(bob.view, alice.address));
  await bob.assertRefuses(alice, sent[0] as Sent, 'pre-key-missing', 'a replay after the key was removed');
  assert(
    ![...bob.records.keys()].some((key) => key.includes('4294967295')),
    'the memory of a key goes with it',
  );
}

async function archivedReplay(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const [first, ...others] = await firstMessages(alice, bob, 44);
  await bob.decrypt(alice, first as Sent);
  bob.apply(await bob.engine.archiveSession(bob.view, alice.address));
  const codes = ['duplicate-message', 'pre-key-replayed'] as const;
  await bob.assertRefuses(alice, first as Sent, codes, 'a replay against an archived session');
  // More new sessions than an archive holds: the first one is forgotten, its message must not be.
  for (const message of others) await bob.decrypt(alice, message);
  await bob.assertRefuses(alice, first as Sent, codes, 'a replay after the session fell out of the archive');
}

async function pinAtStart(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const stranger = await TestDevice.create(await pair.recipient(), 3);
  const start = (pin: Uint8Array) =>
    alice.engine.startSession(alice.view, { ...alice.input(bob.address, pin), bundle: bob.bundle() });
  const snapshot = new RecordSnapshot(alice.records);
  const details = await shownIdentity(() => start(stranger.our.identity.publicKey));
  assertEqual(details.accountId, bob.address.accountId, 'account in the details');
  assertEqual(details.shownIdentityKey, bob.our.identity.publicKey, 'shown key in the details');
  snapshot.assertUntouched('a refused start');
  alice.apply(await start(bob.our.identity.publicKey));
  await bob.decrypt(alice, await alice.encrypt(bob, 'under the pinned key'));
}

async function pinAtUse(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const { publicKey: wrong } = (await TestDevice.create(await pair.recipient(), 3)).our.identity;
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  const snapshot = new RecordSnapshot(bob.records);
  const shown = await shownIdentity(() => bob.tryDecrypt(alice, first, wrong));
  assertEqual(shown.shownIdentityKey, alice.our.identity.publicKey, 'key shown by a first message');
  snapshot.assertUntouched('a refused first message');
  await bob.decrypt(alice, first);
  const answer = await bob.encrypt(alice, 'answer');
  const later = await shownIdentity(() => alice.tryDecrypt(bob, answer, wrong));
  assertEqual(later.shownIdentityKey, bob.our.identity.publicKey, 'key shown by a later message');
  await alice.decrypt(bob, answer);
  const encrypting = { ...alice.input(bob.address, wrong), plaintext: new Uint8Array(3) };
  await shownIdentity(() => alice.engine.encrypt(alice.view, encrypting));
  await bob.decrypt(alice, await alice.encrypt(bob, 'still in step'));
}

async function firstContact(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const message = await alice.encrypt(bob, 'x');
  const pinned = await bob.tryDecrypt(alice, message, alice.our.identity.publicKey);
  assertEqual(pinned.result.identityKey, alice.our.identity.publicKey, 'identity key under a pin');
}
