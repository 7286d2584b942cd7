/** Cases: sender keys over their life — who can read what, how often, and from when on. */
import { equalBytes } from '../bytes.js';
import { assert, assertEqual, assertRejects, assertTypeError } from './assert.js';
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
import { type EnginePair, makePair, RecordSnapshot, TestDevice } from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom } from './seeded-random.js';

/** Declares them. */
export function groupCases({ describe, it }: ConformanceRunner, pair: EnginePair, seed: number): void {
  describe('groups', () => {
    it('are read by every member', () => everyMember(pair));
    it(`take messages in any order, and each of them once (seed ${seed})`, () => anyOrder(pair, seed));
    it('let late joiners read what follows, not what was before', () => lateJoiner(pair));
    it('keep their key when it is distributed again', () => distributedAgain(pair));
    it('keep a key where it is when a known distribution comes again', () => knownDistribution(pair));
    it('get a new key after the old one was removed', () => removed(pair));
    it('are refused without the key', () => withoutKey(pair));
    it('cannot be written to with another device’s key', () => foreignKey(pair));
    it('of several senders and distributions are apart', () => apart(pair));
    it('carry plaintexts of 0 bytes to 80 KiB', () => sizes(pair));
    it('are stepped by pure functions of the view', () => pureSteps(pair));
    it('refuse ids that are no UUIDs in lower case', () => malformedIds(pair));
  });
}

async function everyMember(pair: EnginePair): Promise<void> {
  const { alice, bob, carol } = await makeGroup(pair);
  await distribute(alice, [bob, carol]);
  await distribute(bob, [alice, carol]);
  for (let round = 0; round < 5; round += 1) {
    const fromAlice = await sendToGroup(alice, `from alice ${round}`);
    for (const member of [bob, carol]) await receive(member, fromAlice);
    const fromBob = await sendToGroup(bob, `from bob ${round}`);
    for (const member of [alice, carol]) await receive(member, fromBob);
  }
}

async function anyOrder(pair: EnginePair, seed: number): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  const sent = await sendManyToGroup(alice, 60);
  const seen = new Set<SentToGroup>();
  const arrivals = [...sent, ...sent, ...sent.slice(0, 20)];
  for (const message of seededRandom(seed).shuffle(arrivals)) {
    if (seen.has(message)) await assertGroupRefuses(bob, message, 'duplicate-message', 'a message again');
    else await receive(bob, message);
    seen.add(message);
  }
  await receive(bob, await sendToGroup(alice, 'and on'));
}

async function lateJoiner(pair: EnginePair): Promise<void> {
  const { alice, bob, carol } = await makeGroup(pair);
  await distribute(alice, [bob]);
  const before = await sendManyToGroup(alice, 3);
  await takeDistribution(carol, alice.address, await makeDistribution(alice));
  const after = await sendManyToGroup(alice, 3);
  for (const message of before) {
    await assertGroupRefuses(carol, message, 'duplicate-message', 'a message from before the distribution');
  }
  for (const message of after) await receive(carol, message);
  for (const message of [...before, ...after]) await receive(bob, message);
}

async function distributedAgain(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const first = await distribute(alice, [bob]);
  const input = { sender: alice.address, distributionId };
  const again = await alice.engine.createSenderKeyDistribution(alice.view, input);
  assertEqual(again.changes, [], 'changes of distributing again');
  assertEqual(again.result, first, 'the distribution while nothing was sent');
  await receive(bob, await sendToGroup(alice, 'moves on'));
  const later = await makeDistribution(alice);
  assert(!equalBytes(later, first), 'a later distribution begins later');
  const [sentBefore, sentAfter] = [await sendToGroup(alice, 'one'), await sendToGroup(alice, 'two')];
  await takeDistribution(bob, alice.address, later);
  for (const message of [sentBefore, sentAfter]) await receive(bob, message);
}

async function knownDistribution(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const distribution = await distribute(alice, [bob]);
  const sent = await sendManyToGroup(alice, 3);
  await receive(bob, sent[1] as SentToGroup);
  const step = await bob.engine.processSenderKeyDistribution(bob.view, {
    sender: alice.address,
    distribution,
  });
  assertEqual(step, { result: distributionId, changes: [] }, 'a known distribution');
  await assertGroupRefuses(bob, sent[1] as SentToGroup, 'duplicate-message', 'a message again');
  for (const index of [0, 2]) await receive(bob, sent[index] as SentToGroup);
}

async function removed(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  const [late, later] = await sendManyToGroup(alice, 2);
  assert(late && later, 'two were sent');
  await receive(bob, later);
  const input = { sender: alice.address, distributionId };
  const keysBefore = alice.records.size;
  alice.apply(await alice.engine.removeSenderKey(alice.view, input));
  assert(alice.records.size < keysBefore, 'the record of a removed key is gone');
  await assertRejects(() => sendToGroup(alice, 'x'), 'no-sender-key', 'sending with a removed key');
  await distribute(alice, [bob]);
  await receive(bob, await sendToGroup(alice, 'under the new key'));
  await receive(bob, late);
  bob.apply(await bob.engine.removeSenderKey(bob.view, input));
  const gone = await sendToGroup(alice, 'nobody reads this');
  await assertGroupRefuses(bob, gone, 'no-sender-key', 'a message under a key that bob removed');
  const snapshot = new RecordSnapshot(bob.records);
  bob.apply(await bob.engine.removeSenderKey(bob.view, input));
  snapshot.assertUntouched('removing what is not there');
}

async function withoutKey(pair: EnginePair): Promise<void> {
  const { alice, bob, carol } = await makeGroup(pair);
  const snapshot = new RecordSnapshot(alice.records);
  await assertRejects(() => sendToGroup(alice, 'x'), 'no-sender-key', 'sending without a key');
  snapshot.assertUntouched('sending without a key');
  await distribute(alice, [bob]);
  const message = await sendToGroup(alice, 'for bob');
  await assertGroupRefuses(carol, message, 'no-sender-key', 'a message to somebody else');
  const { ciphertext } = message;
  await assertGroupRefuses(bob, { sender: carol.address, ciphertext }, 'no-sender-key', 'another’s name');
  const otherDevice = await TestDevice.create(await pair.initiator(), 1, 2, alice.our.identity);
  const fromOther = { sender: otherDevice.address, ciphertext };
  await assertGroupRefuses(bob, fromOther, 'no-sender-key', 'another device’s name');
  await makeDistribution(otherDevice);
  const fresh = { ...(await sendToGroup(otherDevice, 'x')), sender: alice.address };
  await assertGroupRefuses(bob, fresh, 'no-sender-key', 'a key of the sender that is not known');
  await receive(bob, message);
}

async function foreignKey(pair: EnginePair): Promise<void> {
  const { alice, bob, carol } = await makeGroup(pair);
  await distribute(alice, [bob]);
  await receive(bob, await sendToGroup(alice, 'x'));
  const snapshot = new RecordSnapshot(bob.records);
  const forge = () =>
    bob.engine.encryptToGroup(bob.view, {
      sender: alice.address,
      distributionId,
      plaintext: new Uint8Array(1),
    });
  await assertRejects(forge, 'no-sender-key', 'encrypting in another’s name');
  const input = { sender: alice.address, distributionId };
  const step = await bob.engine.createSenderKeyDistribution(bob.view, input);
  assertEqual(step.changes, [], 'changes of giving a key on');
  snapshot.assertUntouched('giving a key on');
  await takeDistribution(carol, alice.address, step.result);
  await receive(carol, await sendToGroup(alice, 'for whom it was given on to'));
}

async function apart(pair: EnginePair): Promise<void> {
  const { alice, bob, carol } = await makeGroup(pair);
  for (const id of [distributionId, otherDistributionId]) {
    await distribute(alice, [bob, carol], id);
    await distribute(bob, [alice, carol], id);
  }
  const sent = [
    await sendToGroup(alice, 'alice, one'),
    await sendToGroup(alice, 'alice, other', otherDistributionId),
    await sendToGroup(bob, 'bob, one'),
    await sendToGroup(bob, 'bob, other', otherDistributionId),
  ];
  const input = { sender: alice.address, distributionId };
  carol.apply(await carol.engine.removeSenderKey(carol.view, input));
  await assertGroupRefuses(carol, sent[0] as SentToGroup, 'no-sender-key', 'the one that was removed');
  for (const message of sent.slice(1)) await receive(carol, message);
}

async function sizes(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  for (const length of [0, 1, 15, 16, 17, 4096, 80 * 1024]) {
    const sent = await sendToGroup(alice, seededRandom(length).bytes(length));
    assertEqual(sent.plaintext, seededRandom(length).bytes(length), 'the caller’s plaintext afterwards');
    await receive(bob, sent);
  }
}

async function pureSteps(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  const sent = await sendManyToGroup(alice, 4);
  const [aliceBefore, bobBefore] = [new RecordSnapshot(alice.records), new RecordSnapshot(bob.records)];
  const input = { sender: alice.address, distributionId, plaintext: new Uint8Array(8) };
  const encrypted = await alice.engine.encryptToGroup(alice.view, input);
  for (const message of [...sent, ...sent]) {
    const step = await tryReceive(bob, message);
    assertEqual(step.result.plaintext, message.plaintext, 'a step that was not committed leaves nothing');
    for (const { value } of step.changes) value?.fill(0);
    step.result.plaintext.fill(0);
  }
  for (const { value } of encrypted.changes) value?.fill(0);
  encrypted.result.fill(0);
  aliceBefore.assertUntouched('overwriting what encrypting gave');
  bobBefore.assertUntouched('overwriting what decrypting gave');
  for (const message of sent) await receive(bob, message);
}

async function malformedIds(pair: EnginePair): Promise<void> {
  const { alice } = await makePair(pair);
  const { engine, view, address: sender } = alice;
  for (const id of ['', 'group', distributionId.toUpperCase(), `${distributionId}0`, 'a/../b']) {
    const input = { sender, distributionId: id };
    for (const step of [
      () => engine.createSenderKeyDistribution(view, input),
      () => engine.encryptToGroup(view, { ...input, plaintext: new Uint8Array() }),
      () => engine.removeSenderKey(view, input),
    ]) {
      await assertTypeError(step, `the distribution id ${id}`);
    }
  }
}
