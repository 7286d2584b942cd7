/** Cases: telling a sender what could not be decrypted. */
import { concatBytes, utf8 } from '../bytes.js';
import { isSottoError } from '../errors.js';
import type { EngineView, SealedContent, SealedKind } from '../ports/index.js';
import { assert, assertEqual, assertRejects, assertTypeError } from './assert.js';
import { distribute, sendToGroup } from './engine-conformance-group-kit.js';
import { handmadeMessage, type HandmadeValue } from './engine-conformance-handmade.js';
import {
  assertShowsViewFailure,
  type EnginePair,
  flipBit,
  makeConversation,
  makePair,
  type Sent,
  startTime,
  TestDevice,
} from './engine-conformance-kit.js';
import { assertSpoilt, spoiled } from './engine-conformance-records.js';
import { assertSameContent, makeSealingWorld, sealings, unseal } from './engine-conformance-sealed-kit.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom } from './seeded-random.js';

/** Declares them. */
export function decryptionErrorCases(
  { describe, it }: ConformanceRunner,
  pair: EnginePair,
  seed: number,
): void {
  describe('decryption errors', () => {
    it('name the ratchet key of what was lost', () => ofSessions(pair));
    it('about group messages name no key', () => ofGroups(pair));
    it('have the bytes of the protocol', () => exactBytes(pair));
    it('travel sealed', () => sealed(pair));
    it('are not made of what is no message', () => notMade(pair));
    it(`are refused when malformed (seed ${seed})`, () => malformed(pair, seed));
    it('are told from those about earlier chains and sessions', () => matching(pair));
    it(`are not compared with damaged sessions (seed ${seed})`, () => damagedSessions(pair, seed));
  });
}

const sentAt = startTime + 123;

function report(device: TestDevice, { kind, ciphertext }: Pick<Sent, 'kind' | 'ciphertext'>, deviceId = 1) {
  return device.engine.createDecryptionError({ kind, message: ciphertext, sentAt, deviceId });
}

async function matches(device: TestDevice, their: TestDevice, ratchetKey: Uint8Array): Promise<boolean> {
  return device.engine.currentRatchetKeyMatches(device.view, their.address, ratchetKey);
}

/** The ratchet key that one device reports of a message, as the other one reads it. */
async function ratchetKeyOf(reporter: TestDevice, reader: TestDevice, lost: Sent): Promise<Uint8Array> {
  const { ratchetKey } = await reader.engine.parseDecryptionError(await report(reporter, lost));
  assert(ratchetKey, 'a message of a session has a ratchet key');
  return ratchetKey;
}

async function ofSessions(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  await bob.decrypt(alice, first);
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  const later = await alice.encrypt(bob, 'later');
  assertEqual([first.kind, later.kind], ['prekey', 'message'], 'kinds of what is lost');
  for (const [index, lost] of [first, later].entries()) {
    const read = await alice.engine.parseDecryptionError(await report(bob, lost, 5));
    assertEqual([read.sentAt, read.deviceId], [sentAt, 5], 'what a report says');
    assertEqual([read.ratchetKey?.length, read.ratchetKey?.[0]], [33, 5], 'form of the ratchet key');
    assertEqual(await matches(alice, bob, read.ratchetKey as Uint8Array), index === 1, 'is the current one');
  }
}

async function ofGroups(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await distribute(alice, [bob]);
  const { ciphertext } = await sendToGroup(alice, 'lost');
  for (const message of [ciphertext, new Uint8Array(), utf8('not looked into')]) {
    const input = { kind: 'sender-key', message, sentAt, deviceId: 127 } as const;
    const made = await bob.engine.createDecryptionError(input);
    assertEqual(await alice.engine.parseDecryptionError(made), { sentAt, deviceId: 127 }, 'a report');
  }
}

/** PlaintextContent around a report, byte by byte (spec: sealed-sender 6.7). */
function handmadeReport(fields: readonly (readonly [field: number, value: HandmadeValue])[]): Uint8Array {
  return marked(handmadeMessage([[8, handmadeMessage(fields)]]));
}

function marked(content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xc0), content, Uint8Array.of(0x80));
}

async function exactBytes(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const lost = await alice.encrypt(bob, 'lost');
  const ratchetKey = await ratchetKeyOf(bob, alice, lost);
  const numbers = [
    [sentAt, 5],
    [0, 0],
    [Number.MAX_SAFE_INTEGER, 0xffffffff],
  ] as const;
  for (const [at, deviceId] of numbers) {
    const input = { kind: lost.kind, message: lost.ciphertext, sentAt: at, deviceId };
    const fields = [
      [1, ratchetKey],
      [2, at],
      [3, deviceId],
    ] as const;
    const made = await bob.engine.createDecryptionError(input);
    assertEqual(made, handmadeReport(fields), `a report of ${at} and ${deviceId}`);
    const read = await alice.engine.parseDecryptionError(made);
    assertEqual([read.sentAt, read.deviceId], [at, deviceId], 'what it says');
  }
}

async function sealed(pair: EnginePair): Promise<void> {
  for (const [name, seal] of sealings) {
    const { alice, bob, authority, certificate } = await makeSealingWorld(pair);
    const answer = { kind: 'prekey', ciphertext: (await alice.encrypt(bob, 'x')).ciphertext } as const;
    const content: SealedContent = {
      kind: 'plaintext',
      message: await report(alice, answer),
      contentHint: 2,
    };
    const opened = await unseal(bob, await seal(alice, bob, certificate, content), authority.trust);
    assertSameContent(opened.content, content, name);
    assertEqual((await bob.engine.parseDecryptionError(opened.content.message)).sentAt, sentAt, name);
  }
}

async function notMade(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob);
  const { ciphertext } = await alice.encrypt(bob, 'lost');
  const input = { kind: 'prekey', message: ciphertext, sentAt, deviceId: 1 } as const;
  const good = await bob.engine.createDecryptionError(input);
  const wrong: readonly (readonly [SealedKind, Uint8Array])[] = [
    ['prekey', ciphertext.slice(0, -1)],
    ['prekey', new Uint8Array()],
    ['message', ciphertext],
    ['message', utf8('nothing of the kind')],
    ['plaintext', good],
    ['plaintext', ciphertext],
  ];
  for (const [kind, message] of wrong) {
    const action = () => bob.engine.createDecryptionError({ ...input, kind, message });
    await assertRejects(action, 'invalid-message', `${kind} of ${message.length} bytes`);
  }
  const numbers = [
    ...[-1, 1.5, 2 ** 53, Number.NaN].map((at) => ({ sentAt: at })),
    ...[-1, 1.5, 2 ** 32, Number.NaN].map((deviceId) => ({ deviceId })),
  ];
  for (const number of numbers) {
    const action = () => bob.engine.createDecryptionError({ ...input, ...number });
    await assertTypeError(action, JSON.stringify(number));
  }
}

async function malformed(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { alice, bob } = await makeConversation(pair);
  const good = await report(bob, await alice.encrypt(bob, 'lost'));
  const key = concatBytes(Uint8Array.of(5), random.bytes(32));
  const wrong: Record<string, Uint8Array> = {
    nothing: new Uint8Array(),
    'marks alone': marked(new Uint8Array()),
    'another first byte': flipBit(good, 0),
    'another last byte': flipBit(good, good.length - 1),
    'zeros after the end': concatBytes(good, Uint8Array.of(0)),
    'other content': marked(handmadeMessage([[1, utf8('hello')]])),
    'an empty report': handmadeReport([]),
    'no time': handmadeReport([
      [1, key],
      [3, 1],
    ]),
    'a time beyond 2^53': handmadeReport([[2, 2 ** 53]]),
    'a time of fixed width': handmadeReport([[2, 5n]]),
    'a short key': handmadeReport([
      [1, key.slice(0, 32)],
      [2, 5],
    ]),
    'a key of another type': handmadeReport([
      [1, flipBit(key, 0)],
      [2, 5],
    ]),
    'a device of more than 32 bits': handmadeReport([
      [2, 5],
      [3, new Uint8Array(1)],
    ]),
  };
  for (const [what, content] of Object.entries(wrong)) {
    await assertRejects(() => alice.engine.parseDecryptionError(content), 'invalid-message', what);
  }
  const least = await alice.engine.parseDecryptionError(handmadeReport([[2, 5]]));
  assertEqual(least, { sentAt: 5, deviceId: 0 }, 'the least that a report can say');
  const changed = [
    ...Array.from(good, (_, index) => flipBit(good, index, index % 8)),
    ...Array.from(good, (_, length) => good.slice(0, length)),
    ...Array.from({ length: 200 }, () => marked(random.bytes(random.integer(80)))),
  ];
  for (const bytes of changed) await assertReadsOrRefuses(alice, bytes);
}

/** Nothing authenticates a report by itself, so that a changed one may say something else; it must fail in no other way. */
async function assertReadsOrRefuses({ engine }: TestDevice, content: Uint8Array): Promise<void> {
  try {
    const { ratchetKey, sentAt: at, deviceId } = await engine.parseDecryptionError(content);
    assert(Number.isSafeInteger(at) && at >= 0, 'a time is whole milliseconds');
    assert(Number.isInteger(deviceId) && deviceId >= 0 && deviceId <= 0xffffffff, 'a device id has 32 bits');
    assert(ratchetKey === undefined || ratchetKey.length === 33, 'a ratchet key has 33 bytes');
  } catch (error) {
    if (!isSottoError(error, 'invalid-message')) throw error;
  }
}

async function matching(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const lost = await alice.encrypt(bob, 'lost');
  const key = await ratchetKeyOf(bob, alice, lost);
  assertEqual(await matches(alice, bob, key), true, 'in the chain it was sent in');
  const carol = await TestDevice.create(await pair.recipient(), 3);
  assertEqual(await matches(alice, carol, key), false, 'without a session');
  assertEqual(await matches(bob, alice, key), false, 'the other side’s key');
  for (const none of [
    new Uint8Array(),
    key.slice(0, 32),
    concatBytes(key, Uint8Array.of(0)),
    flipBit(key, 0),
  ]) {
    assertEqual(await matches(alice, bob, none), false, `what is no key, of ${none.length} bytes`);
  }
  await bob.decrypt(alice, await alice.encrypt(bob, 'on'));
  assertEqual(await matches(alice, bob, key), true, 'later in the chain');
  await alice.decrypt(bob, await bob.encrypt(alice, 'turns the ratchet'));
  assertEqual(await matches(alice, bob, key), false, 'after the ratchet turned');
  const now = await ratchetKeyOf(bob, alice, await alice.encrypt(bob, 'in the new chain'));
  assertEqual(await matches(alice, bob, now), true, 'the new chain’s key');
  alice.apply(await alice.engine.archiveSession(alice.view, bob.address));
  assertEqual(await matches(alice, bob, now), false, 'after the session was archived');
  await alice.startSession(bob, { ec: 12, kem: 22 });
  assertEqual(await matches(alice, bob, now), false, 'in another session');
}

async function damagedSessions(pair: EnginePair, seed: number): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const key = await ratchetKeyOf(bob, alice, await alice.encrypt(bob, 'lost'));
  const fresh = await TestDevice.create(await pair.initiator(), 1);
  const name = [...alice.records.keys()].find((known) => !fresh.records.has(known));
  assert(name !== undefined, 'a session has a record');
  for (const bad of spoiled(alice.records.get(name) as Uint8Array, new Uint8Array(1), seededRandom(seed))) {
    await assertSpoilt(alice, name, bad, () => matches(alice, bob, key));
  }
  const ask = (view: EngineView) => alice.engine.currentRatchetKeyMatches(view, bob.address, key);
  await assertShowsViewFailure(ask, 'comparing');
}
