/** Cases: group messages that are hostile, and the limits of what a sender key remembers. */
import { concatBytes, equalBytes, utf8 } from '../bytes.js';
import type { SottoErrorCode } from '../errors.js';
import type { EngineView } from '../ports/index.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import {
  assertGroupRefuses,
  distribute,
  distributionId,
  makeDistribution,
  makeGroup,
  otherDistributionId,
  receive,
  sendManyToGroup,
  sendToGroup,
  takeDistribution,
  tryReceive,
  type SentToGroup,
} from './engine-conformance-group-kit.js';
import { HandmadeSender, type Departures } from './engine-conformance-handmade.js';
import {
  assertShowsViewFailure,
  type EnginePair,
  flipBit,
  makePair,
  RecordSnapshot,
  testAddress,
  TestDevice,
} from './engine-conformance-kit.js';
import { assertSpoilt, spoiled } from './engine-conformance-records.js';
import { assertKeepsSecrets, spellings } from './engine-conformance-secrets.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom } from './seeded-random.js';

/** How far a message may be ahead of its chain (spec: sender-keys 5.3). */
const maxJump = 25_000;
/** Seeds kept of messages that were passed over. */
const maxSkipped = 2_000;
/** Keys remembered of one sender under one distribution id (spec: sender-keys 5.4). */
const maxKeys = 5;

/** Declares them. */
export function groupMessageCases({ describe, it }: ConformanceRunner, pair: EnginePair, seed: number): void {
  describe('hostile group messages', () => {
    it('with any byte flipped are refused, nothing changes', () => flips(pair));
    it('cut, lengthened or invented are refused, nothing changes', () => shapes(pair, seed));
    it('that are signed but malformed are refused', () => malformed(pair));
    it('signed by another key are refused', () => otherSigner(pair));
    it('may be 25,000 ahead and no farther', () => jump(pair));
    it('at the end of a chain are refused', () => end(pair));
    it('show no secret in their errors', () => errorsAreClean(pair));
  });
  describe('hostile distributions', () => {
    it('are refused when malformed, nothing changes', () => malformedDistributions(pair, seed));
  });
  describe('sender keys', () => {
    it('remember 2,000 messages that were passed over', () => window(pair));
    it('are remembered five to a sender', () => fiveKeys(pair));
    it('take the place of one with the same number', () => sameChainId(pair));
    it(`are refused from damaged or foreign records (seed ${seed})`, () => records(pair, seed));
    it('that cannot be read fail the step with the view’s own error', () => unreadable(pair));
  });
}

async function flips(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  const [, message] = await sendManyToGroup(alice, 2);
  assert(message, 'two were sent');
  const original = message.ciphertext.slice();
  for (let index = 0; index < original.length; index += 1) {
    const ciphertext = flipBit(original, index, index % 8);
    const changed = { sender: alice.address, ciphertext };
    await assertGroupRefuses(bob, changed, ['invalid-message', 'no-sender-key'], `byte ${index} flipped`);
  }
  assertEqual(message.ciphertext, original, 'the ciphertext itself');
  await receive(bob, message);
}

async function shapes(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  const message = await sendToGroup(alice, 'a message of some length');
  const { ciphertext } = message;
  const cuts = Array.from(ciphertext, (_, length) => ciphertext.slice(0, length));
  const invented = Array.from({ length: 200 }, () =>
    concatBytes(
      random.chance(0.5) ? Uint8Array.of(0x33) : random.bytes(1),
      random.bytes(random.integer(300)),
    ),
  );
  for (const bytes of [...cuts, ...invented, concatBytes(ciphertext, Uint8Array.of(0)), new Uint8Array()]) {
    const codes = ['invalid-message', 'no-sender-key'] as const;
    await assertGroupRefuses(
      bob,
      { sender: alice.address, ciphertext: bytes },
      codes,
      `${bytes.length} bytes`,
    );
  }
  await receive(bob, message);
}

/** A receiver, and a sender whose messages the case writes. */
async function makeHandmade(
  pair: EnginePair,
  firstIteration = 0,
): Promise<{ readonly sender: HandmadeSender; readonly bob: TestDevice }> {
  const bob = await TestDevice.create(await pair.recipient(), 2);
  const engine = await pair.initiator();
  const sender = await HandmadeSender.create(engine, testAddress(1, 1), 7, distributionId, firstIteration);
  await takeDistribution(bob, sender.address, sender.distribution());
  return { sender, bob };
}

async function handmadeSent(
  sender: HandmadeSender,
  iteration: number,
  departures: Departures = {},
): Promise<SentToGroup> {
  const text = `handmade ${iteration}`;
  return {
    sender: sender.address,
    distributionId,
    plaintext: utf8(text),
    ciphertext: await sender.message(iteration, text, departures),
  };
}

async function malformed(pair: EnginePair): Promise<void> {
  const { sender, bob } = await makeHandmade(pair);
  const whole = await sender.ciphertext(1, 'sixteen letters!');
  const departures: Record<string, readonly [Departures, SottoErrorCode]> = {
    'version 2': [{ version: 0x23 }, 'invalid-message'],
    'version 4': [{ version: 0x43 }, 'invalid-message'],
    'no distribution id': [{ fields: { 1: undefined }, padding: 20 }, 'invalid-message'],
    'a short distribution id': [{ fields: { 1: new Uint8Array(15) } }, 'invalid-message'],
    'a long distribution id': [{ fields: { 1: new Uint8Array(17) } }, 'invalid-message'],
    'no chain id': [{ fields: { 2: undefined } }, 'invalid-message'],
    'another chain id': [{ fields: { 2: 8 } }, 'no-sender-key'],
    'another distribution': [{ fields: { 1: new Uint8Array(16) } }, 'no-sender-key'],
    'no iteration': [{ fields: { 3: undefined } }, 'invalid-message'],
    'no ciphertext': [{ fields: { 4: undefined } }, 'invalid-message'],
    'an empty ciphertext': [{ fields: { 4: new Uint8Array() } }, 'invalid-message'],
    'half a block': [{ fields: { 4: whole.slice(0, 8) } }, 'invalid-message'],
    // Its last byte is a letter, which no padding ends with.
    'padding that is none': [{ fields: { 4: whole.slice(0, 16) } }, 'invalid-message'],
    'another message’s ciphertext': [{ fields: { 4: await sender.ciphertext(2, 'x') } }, 'invalid-message'],
    'bytes where a number belongs': [{ fields: { 3: new Uint8Array(1) } }, 'invalid-message'],
  };
  for (const [what, [departure, code]] of Object.entries(departures)) {
    await assertGroupRefuses(bob, await handmadeSent(sender, 1, departure), code, what);
  }
  await receive(bob, await handmadeSent(sender, 1, { padding: 5 }));
}

async function otherSigner(pair: EnginePair): Promise<void> {
  const { sender, bob } = await makeHandmade(pair);
  const engine = await pair.initiator();
  const forger = await HandmadeSender.create(engine, sender.address, sender.chainId, distributionId);
  const forged = await handmadeSent(forger, 0);
  await assertGroupRefuses(bob, forged, 'invalid-message', 'a message under somebody else’s signature');
  const whole = await handmadeSent(sender, 0);
  const unsigned = concatBytes(whole.ciphertext.slice(0, -64), new Uint8Array(64));
  await assertGroupRefuses(bob, { ...whole, ciphertext: unsigned }, 'invalid-message', 'no signature');
  await receive(bob, whole);
}

async function jump(pair: EnginePair): Promise<void> {
  const { sender, bob } = await makeHandmade(pair);
  const tooFar = await handmadeSent(sender, maxJump + 1);
  await assertGroupRefuses(bob, tooFar, 'invalid-message', 'a message too far ahead');
  await receive(bob, await handmadeSent(sender, maxJump));
  await receive(bob, tooFar);
}

async function end(pair: EnginePair): Promise<void> {
  const last = 0xffffffff;
  const { sender, bob } = await makeHandmade(pair, last - 1);
  const final = await handmadeSent(sender, last);
  await assertGroupRefuses(bob, final, 'invalid-message', 'the message after which no other can come');
  await receive(bob, await handmadeSent(sender, last - 1));
  await assertGroupRefuses(bob, final, 'invalid-message', 'the last message, next in turn');
}

async function errorsAreClean(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const distribution = await distribute(alice, [bob]);
  const { ciphertext } = await sendToGroup(alice, 'the secret plaintext');
  const secrets = ['the secret plaintext', ...spellings(ciphertext), ...spellings(distribution)];
  for (const changed of [flipBit(ciphertext, ciphertext.length - 1), ciphertext.slice(0, 70)]) {
    const action = () => tryReceive(bob, { sender: alice.address, ciphertext: changed });
    await assertKeepsSecrets(action, secrets, 'a changed group message');
  }
  const cut = { sender: alice.address, distribution: distribution.slice(0, -1) };
  const action = () => bob.engine.processSenderKeyDistribution(bob.view, cut);
  await assertKeepsSecrets(action, secrets, 'a cut distribution');
}

async function malformedDistributions(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { sender, bob } = await makeHandmade(pair);
  const good = sender.distribution();
  const key = good.slice(-33);
  const made = (fields: Departures['fields'], padding = 0) =>
    sender.distribution({ ...(fields && { fields }), padding });
  const malformedOnes: readonly Uint8Array[] = [
    sender.distribution({ version: 0x23 }),
    sender.distribution({ version: 0x43 }),
    ...[1, 2, 3, 4, 5].map((field) => made({ [field]: undefined }, 60)),
    ...[15, 17].map((length) => made({ 1: new Uint8Array(length) })),
    ...[31, 33].map((length) => made({ 4: new Uint8Array(length) })),
    made({ 5: key.slice(0, 32) }),
    made({ 5: concatBytes(key, Uint8Array.of(0)) }),
    made({ 5: flipBit(key, 0) }),
    ...Array.from(good, (_, length) => good.slice(0, length)),
    ...Array.from({ length: 200 }, () => concatBytes(Uint8Array.of(0x33), random.bytes(random.integer(200)))),
  ];
  const snapshot = new RecordSnapshot(bob.records);
  for (const distribution of malformedOnes) {
    const take = () =>
      bob.engine.processSenderKeyDistribution(bob.view, { sender: sender.address, distribution });
    await assertRejects(take, 'invalid-message', `a distribution of ${distribution.length} bytes`);
  }
  snapshot.assertUntouched('malformed distributions');
  await receive(bob, await handmadeSent(sender, 0));
}

async function window(pair: EnginePair): Promise<void> {
  const { sender, bob } = await makeHandmade(pair);
  await receive(bob, await handmadeSent(sender, maxSkipped + 1));
  const oldest = await handmadeSent(sender, 0);
  await assertGroupRefuses(bob, oldest, 'duplicate-message', 'one more than are remembered');
  for (const iteration of [1, 1000, maxSkipped]) await receive(bob, await handmadeSent(sender, iteration));
  // Three of the 2,000 were taken, so that three more can be passed over.
  await receive(bob, await handmadeSent(sender, maxSkipped + 5));
  await receive(bob, await handmadeSent(sender, 2));
  await receive(bob, await handmadeSent(sender, maxSkipped + 9));
  const dropped = [3, 4];
  for (const iteration of dropped) {
    const message = await handmadeSent(sender, iteration);
    await assertGroupRefuses(bob, message, 'duplicate-message', 'the oldest, for which there is no room');
  }
  await receive(bob, await handmadeSent(sender, 5));
}

async function manyKeys(pair: EnginePair, count: number): Promise<HandmadeSender[]> {
  const engine = await pair.initiator();
  const senders: HandmadeSender[] = [];
  for (let chainId = 1; chainId <= count; chainId += 1) {
    senders.push(await HandmadeSender.create(engine, testAddress(1, 1), chainId, distributionId));
  }
  return senders;
}

async function fiveKeys(pair: EnginePair): Promise<void> {
  const bob = await TestDevice.create(await pair.recipient(), 2);
  const senders = await manyKeys(pair, maxKeys + 2);
  const [first, second, third] = senders;
  assert(first && second && third, 'there are keys');
  const take = (sender: HandmadeSender) => takeDistribution(bob, sender.address, sender.distribution());
  for (const sender of senders.slice(0, maxKeys)) {
    await take(sender);
    await receive(bob, await handmadeSent(sender, 2));
  }
  await receive(bob, await handmadeSent(first, 1));
  // Known already: it comes to the front, and the second is the oldest.
  await take(first);
  for (const sender of senders.slice(maxKeys)) await take(sender);
  for (const gone of [second, third]) {
    await assertGroupRefuses(bob, await handmadeSent(gone, 0), 'no-sender-key', 'a key too many');
  }
  for (const sender of [first, ...senders.slice(3)]) await receive(bob, await handmadeSent(sender, 0));
  const again = await handmadeSent(first, 1);
  await assertGroupRefuses(bob, again, 'duplicate-message', 'a message of before');
}

async function sameChainId(pair: EnginePair): Promise<void> {
  const { sender, bob } = await makeHandmade(pair);
  const engine = await pair.initiator();
  const old = await handmadeSent(sender, 0);
  const renewed = await HandmadeSender.create(engine, sender.address, sender.chainId, distributionId);
  await takeDistribution(bob, sender.address, renewed.distribution());
  await assertGroupRefuses(bob, old, 'invalid-message', 'a message under the key that was replaced');
  await receive(bob, await handmadeSent(renewed, 0));
}

async function records(pair: EnginePair, seed: number): Promise<void> {
  const { alice, bob, carol } = await makeGroup(pair);
  const distribution = await distribute(alice, [bob]);
  await makeDistribution(bob, otherDistributionId);
  const [first, , message] = await sendManyToGroup(alice, 3);
  assert(first && message, 'three were sent');
  await receive(bob, message);
  const read = await recordsRead(bob, first);
  assert(read.length > 0, 'decrypting reads records');
  const decrypt = () => tryReceive(bob, first);
  const take = () =>
    bob.engine.processSenderKeyDistribution(bob.view, { sender: alice.address, distribution });
  const preKey = [...bob.records].find(([key]) => !read.includes(key))?.[1] ?? new Uint8Array();
  for (const key of read) {
    const good = bob.records.get(key) as Uint8Array;
    for (const bad of spoiled(good, preKey, seededRandom(seed))) await assertSpoilt(bob, key, bad, decrypt);
  }
  const current = read[0] as string;
  await assertSpoilt(bob, current, new Uint8Array(20), take);
  await assertForeign(pair, current, bob, carol, decrypt);
  await receive(bob, first);
  await spoiltSending(alice, seed);
}

/** The keys of the records that decrypting reads, in the order of reading. */
async function recordsRead(bob: TestDevice, { sender, ciphertext }: SentToGroup): Promise<string[]> {
  const read = new Set<string>();
  const view: EngineView = {
    get: (keys) => {
      for (const key of keys) if (bob.records.has(key)) read.add(key);
      return bob.view.get(keys);
    },
  };
  await bob.engine.decryptFromGroup(view, { sender, ciphertext });
  return [...read];
}

/** Where the pair are two engines: the other one's record under our key. */
async function assertForeign(
  pair: EnginePair,
  key: string,
  bob: TestDevice,
  carol: TestDevice,
  step: () => Promise<unknown>,
): Promise<void> {
  const other = await TestDevice.create(await pair.initiator(), 4);
  if (other.engine.name === bob.engine.name) return;
  const before = new Set(other.records.keys());
  await takeDistribution(other, carol.address, await makeDistribution(carol));
  const foreign = [...other.records].filter(([name]) => !before.has(name)).map(([, value]) => value);
  assert(foreign.length > 0, 'the other engine keeps a record');
  for (const record of foreign) await assertSpoilt(bob, key, record, step);
}

async function spoiltSending(alice: TestDevice, seed: number): Promise<void> {
  const key = [...alice.records.keys()].find((name) => name.includes(distributionId));
  assert(key !== undefined, 'a sender key’s record is named by its distribution');
  const input = { sender: alice.address, distributionId };
  const steps = [
    () => alice.engine.encryptToGroup(alice.view, { ...input, plaintext: new Uint8Array(1) }),
    () => alice.engine.createSenderKeyDistribution(alice.view, input),
  ];
  const good = alice.records.get(key) as Uint8Array;
  for (const bad of spoiled(good, new Uint8Array(1), seededRandom(seed)).slice(0, 60)) {
    for (const step of steps) await assertSpoilt(alice, key, bad, step);
  }
  assert(equalBytes(alice.records.get(key) as Uint8Array, good), 'the good record is back');
}

async function unreadable(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const distribution = await distribute(alice, [bob]);
  const { sender, ciphertext } = await sendToGroup(alice, 'x');
  const input = { sender, distributionId };
  const steps: Record<string, (view: EngineView) => Promise<unknown>> = {
    distributing: (view) => alice.engine.createSenderKeyDistribution(view, input),
    encrypting: (view) => alice.engine.encryptToGroup(view, { ...input, plaintext: new Uint8Array() }),
    'taking a key': (view) => bob.engine.processSenderKeyDistribution(view, { sender, distribution }),
    decrypting: (view) => bob.engine.decryptFromGroup(view, { sender, ciphertext }),
  };
  for (const [what, step] of Object.entries(steps)) await assertShowsViewFailure(step, what);
}
