/** Cases: sessions between two devices, from the first message to the last. */
import { equalBytes } from '../bytes.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import {
  type EnginePair,
  makeConversation,
  makePair,
  type Sent,
  startTime,
  testAddress,
  TestDevice,
} from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom } from './seeded-random.js';

const dayMs = 24 * 60 * 60 * 1000;

/** Declares them. */
export function sessionCases({ describe, it }: ConformanceRunner, pair: EnginePair, seed: number): void {
  describe('sessions', () => {
    it('carry a first message, an answer and what follows', () => firstMessages(pair));
    it('report the registration ids and whether they can be used', () => states(pair));
    it('refuse to encrypt or decrypt where there is none', () => none(pair));
    it('take messages of one chain in any order', () => outOfOrder(pair, seed));
    it('take late messages of earlier chains', () => lateChains(pair));
    it('go on after lost messages', () => lost(pair));
    it('refuse a message the second time', () => duplicates(pair));
    it('converge when both sides start at once', () => simultaneous(pair));
    it('are archived, and archived ones still receive', () => archived(pair));
    it('are archived, not lost, by a new start', () => restarted(pair));
    it('are gone after removal', () => removed(pair));
    it('join two devices of one account', () => ownDevices(pair));
    it('with two devices of one account are apart', () => twoDevices(pair));
    it('that nobody answered end after 30 days', () => expiry(pair));
    it('carry plaintexts of 0 bytes to 80 KiB', () => sizes(pair));
    it(`deliver exactly once over a bad network (seed ${seed})`, () => badNetwork(pair, seed));
    it('are stepped by pure functions of the view', () => pureSteps(pair));
  });
}

async function firstMessages(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  const second = await alice.encrypt(bob, 'second');
  assertEqual([first.kind, second.kind], ['prekey', 'prekey'], 'kinds until an answer came');
  assertEqual(
    (await bob.decrypt(alice, first)).usedPreKeys,
    { oneTimeId: 11, kemOneTimeId: 21 },
    'used pre-keys',
  );
  assertEqual((await bob.decrypt(alice, second)).usedPreKeys, {}, 'pre-keys used by the second message');
  const answer = await bob.encrypt(alice, 'answer');
  assertEqual(answer.kind, 'message', 'kind of the answer');
  await alice.decrypt(bob, answer);
  const third = await alice.encrypt(bob, 'third');
  assertEqual(third.kind, 'message', 'kind after the answer');
  await bob.decrypt(alice, third);
}

async function states(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  assertEqual(
    await alice.engine.sessionState(alice.view, bob.address, startTime),
    { usable: false },
    'before',
  );
  await alice.startSession(bob);
  const expected = { usable: true, registrationId: bob.our.registrationId };
  assertEqual(await alice.engine.sessionState(alice.view, bob.address, startTime), expected, 'initiator');
  const first = await alice.encrypt(bob, 'first');
  assertEqual(first.registrationId, bob.our.registrationId, 'registration id with the ciphertext');
  await bob.decrypt(alice, first);
  const theirs = { usable: true, registrationId: alice.our.registrationId };
  assertEqual(await bob.engine.sessionState(bob.view, alice.address, startTime), theirs, 'recipient');
}

async function none(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const stranger = await TestDevice.create(await pair.recipient(), 3);
  await assertRejects(() => alice.encrypt(stranger, 'x'), 'no-session', 'encrypting without a session');
  const message = await alice.encrypt(bob, 'for bob');
  await stranger.assertRefuses(alice, message, 'no-session', 'decrypting without a session');
}

async function outOfOrder(pair: EnginePair, seed: number): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const sent = await encryptMany(alice, bob, 40);
  for (const message of seededRandom(seed).shuffle(sent)) await bob.decrypt(alice, message);
}

async function lateChains(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const late: Sent[] = [];
  for (let round = 0; round < 4; round += 1) {
    late.push(await alice.encrypt(bob, `late ${round}`));
    await bob.decrypt(alice, await alice.encrypt(bob, `on time ${round}`));
    await alice.decrypt(bob, await bob.encrypt(alice, `answer ${round}`));
  }
  for (const message of late.reverse()) await bob.decrypt(alice, message);
}

async function lost(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const sent = await encryptMany(alice, bob, 300);
  await bob.decrypt(alice, sent[299] as Sent);
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  await bob.decrypt(alice, await alice.encrypt(bob, 'new chain'));
  await bob.decrypt(alice, sent[0] as Sent);
}

async function duplicates(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  await bob.decrypt(alice, first);
  await bob.assertRefuses(alice, first, 'duplicate-message', 'a first message again');
  const answer = await bob.encrypt(alice, 'answer');
  await alice.decrypt(bob, answer);
  await alice.assertRefuses(bob, answer, 'duplicate-message', 'an answer again');
}

async function simultaneous(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  await bob.startSession(alice, { ec: 12, kem: 22 });
  const [fromAlice, fromBob] = [await alice.encrypt(bob, 'from alice'), await bob.encrypt(alice, 'from bob')];
  await bob.decrypt(alice, fromAlice);
  await alice.decrypt(bob, fromBob);
  for (let round = 0; round < 3; round += 1) {
    await bob.decrypt(alice, await alice.encrypt(bob, `to bob ${round}`));
    await alice.decrypt(bob, await bob.encrypt(alice, `to alice ${round}`));
  }
  assertEqual((await alice.encrypt(bob, 'settled')).kind, 'message', 'kind once the sessions converged');
}

async function archived(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const late = await alice.encrypt(bob, 'sent before bob archived');
  bob.apply(await bob.engine.archiveSession(bob.view, alice.address));
  await assertRejects(() => bob.encrypt(alice, 'x'), 'no-session', 'encrypting with an archived session');
  const state = await bob.engine.sessionState(bob.view, alice.address, startTime);
  assertEqual(state, { usable: false }, 'state of an archived session');
  await bob.decrypt(alice, late);
  await alice.decrypt(bob, await bob.encrypt(alice, 'in use again'));
  const nothing = await bob.engine.archiveSession(bob.view, testAddress(9, 1));
  assertEqual(nothing.changes, [], 'changes of archiving where there is no session');
}

async function restarted(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const late = await bob.encrypt(alice, 'in the earlier session');
  await alice.startSession(bob, { ec: 12, kem: 22 });
  const first = await alice.encrypt(bob, 'in the new session');
  assertEqual(first.kind, 'prekey', 'kind of the new session’s first message');
  await alice.decrypt(bob, late);
  await bob.decrypt(alice, first);
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
}

async function removed(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const message = await alice.encrypt(bob, 'too late');
  bob.apply(await bob.engine.removeSession(bob.view, alice.address));
  await bob.assertRefuses(alice, message, 'no-session', 'decrypting after removal');
  await assertRejects(() => bob.encrypt(alice, 'x'), 'no-session', 'encrypting after removal');
  bob.apply(await bob.engine.removeSession(bob.view, alice.address));
}

async function ownDevices(pair: EnginePair): Promise<void> {
  const phone = await TestDevice.create(await pair.initiator(), 1, 1);
  const laptop = await TestDevice.create(await pair.recipient(), 1, 2, phone.our.identity);
  await phone.startSession(laptop, { ec: 11, kem: 21 });
  await laptop.decrypt(phone, await phone.encrypt(laptop, 'to my other device'));
  await phone.decrypt(laptop, await laptop.encrypt(phone, 'and back'));
  await laptop.decrypt(phone, await phone.encrypt(laptop, 'and again'));
}

async function twoDevices(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const laptop = await TestDevice.create(await pair.recipient(), 2, 2, bob.our.identity);
  await alice.startSession(laptop, { ec: 11, kem: 21 });
  const toLaptop = await alice.encrypt(laptop, 'for the laptop');
  const toPhone = await alice.encrypt(bob, 'for the phone');
  await bob.assertRefuses(
    alice,
    toLaptop,
    ['invalid-message', 'pre-key-missing'],
    'another device’s message',
  );
  await laptop.decrypt(alice, toLaptop);
  await bob.decrypt(alice, toPhone);
}

async function expiry(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  alice.now = startTime + 30 * dayMs;
  const first = await alice.encrypt(bob, 'on the last day');
  alice.now = startTime + 30 * dayMs + 2000;
  await assertRejects(() => alice.encrypt(bob, 'x'), 'no-session', 'an unanswered session after 30 days');
  const state = await alice.engine.sessionState(alice.view, bob.address, alice.now);
  assertEqual(state.usable, false, 'usable after 30 days');
  await bob.decrypt(alice, first);
  await alice.decrypt(bob, await bob.encrypt(alice, 'a late answer'));
  alice.now = startTime + 365 * dayMs;
  await bob.decrypt(alice, await alice.encrypt(bob, 'an answered session does not end'));
}

async function sizes(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  for (const length of [0, 1, 15, 16, 17, 4096, 80 * 1024]) {
    const plaintext = seededRandom(length).bytes(length);
    const message = await alice.encrypt(bob, plaintext);
    assertEqual(message.plaintext, seededRandom(length).bytes(length), 'the caller’s plaintext afterwards');
    await bob.decrypt(alice, message);
  }
}

async function badNetwork(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { alice, bob } = await makeConversation(pair);
  const flights: {
    readonly from: TestDevice;
    readonly to: TestDevice;
    readonly message: Sent;
    seen: boolean;
  }[] = [];
  for (let turn = 0; turn < 400; turn += 1) {
    const [from, to] = random.integer(2) === 0 ? [alice, bob] : [bob, alice];
    if (random.integer(2) === 0) {
      flights.push({ from, to, message: await from.encrypt(to, `turn ${turn}`), seen: false });
      continue;
    }
    // Of the last few only: older ones are beyond what a session keeps keys for.
    const flight = flights[flights.length - 1 - random.integer(Math.min(flights.length, 6) || 1)];
    if (!flight) continue;
    if (flight.seen)
      await flight.to.assertRefuses(
        flight.from,
        flight.message,
        ['duplicate-message', 'invalid-message'],
        `turn ${turn} again`,
      );
    else await flight.to.decrypt(flight.from, flight.message);
    flight.seen = true;
  }
  assert(
    flights.filter(({ seen }) => seen).length > 50,
    'too few messages arrived for the case to mean anything',
  );
}

async function pureSteps(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const sent = await encryptMany(alice, bob, 6);
  const steps = await Promise.all(sent.map((message) => bob.tryDecrypt(alice, message)));
  steps.forEach((step, index) => {
    assertEqual(
      step.result.plaintext,
      (sent[index] as Sent).plaintext,
      `message ${index} from one and the same view`,
    );
  });
  const again = await bob.tryDecrypt(alice, sent[0] as Sent);
  assertEqual(
    again.result.plaintext,
    (sent[0] as Sent).plaintext,
    'a step that was not committed leaves nothing',
  );
  const encrypted = await Promise.all(
    [1, 2].map((index) =>
      alice.engine.encrypt(alice.view, { ...alice.input(bob.address), plaintext: Uint8Array.of(index) }),
    ),
  );
  const [one, two] = encrypted.map(({ result }) => result.ciphertext);
  assert(one && two && !equalBytes(one, two), 'two plaintexts have two ciphertexts');
  for (const message of sent) await bob.decrypt(alice, message);
}

async function encryptMany(from: TestDevice, to: TestDevice, count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let index = 0; index < count; index += 1) sent.push(await from.encrypt(to, `message ${index}`));
  return sent;
}
