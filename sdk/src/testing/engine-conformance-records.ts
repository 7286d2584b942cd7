/** Cases: records that are damaged, foreign or cannot be read. */
import type { EngineView, ProtocolEngine } from '../ports/index.js';
import { assert, assertRejects } from './assert.js';
import {
  assertShowsViewFailure,
  flipBit,
  makeConversation,
  makePair,
  RecordSnapshot,
  TestDevice,
  type Sent,
} from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom, type SeededRandom } from './seeded-random.js';

type Create = () => ProtocolEngine | Promise<ProtocolEngine>;

/** Declares them. */
export function recordCases({ describe, it }: ConformanceRunner, create: Create, seed: number): void {
  describe('records', () => {
    it(`of sessions are refused when damaged or foreign (seed ${seed})`, () => sessions(create, seed));
    it(`of pre-keys are refused when damaged or foreign (seed ${seed})`, () => preKeys(create, seed));
    it('that cannot be read fail the step with the view’s own error', () => unreadable(create));
    it('are given copies of what the caller keeps', () => copies(create));
  });
}

const pairOf = (create: Create) => ({ name: 'own', initiator: create, recipient: create });

/** What is not a record: nothing, noise, cut ones, another kind's, and a flipped bit in every part. */
export function spoiled(record: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array[] {
  const cuts = [0, 1, 3, 7, 11, 12, 20, record.length - 1].map((length) => record.slice(0, length));
  const heads = Array.from({ length: 16 }, (_, index) => flipBit(record, index, random.integer(8)));
  const anywhere = Array.from({ length: 150 }, () =>
    flipBit(record, random.integer(record.length), random.integer(8)),
  );
  const longer = Uint8Array.of(...record, 0);
  return [...cuts, ...heads, ...anywhere, longer, random.bytes(record.length), random.bytes(40), other];
}

/** Puts something else in a record's place for a step: it must refuse it and leave everything as it is. */
export async function assertSpoilt(
  device: TestDevice,
  key: string,
  bad: Uint8Array,
  step: () => Promise<unknown>,
): Promise<void> {
  const good = device.records.get(key);
  assert(good, `no record ${key}`);
  device.records.set(key, bad);
  const snapshot = new RecordSnapshot(device.records);
  await assertRejects(step, 'engine-record-invalid', `${key} of ${bad.length} bytes`);
  snapshot.assertUntouched('a step over a spoilt record');
  device.records.set(key, good);
}

async function sessions(create: Create, seed: number): Promise<void> {
  const { alice, bob } = await makeConversation(pairOf(create));
  const key = onlyNewKey(bob, await TestDevice.create(await create(), 2));
  const message = await alice.encrypt(bob, 'x');
  const steps = [
    () => bob.tryDecrypt(alice, message),
    () => bob.engine.encrypt(bob.view, { ...bob.input(alice.address), plaintext: new Uint8Array(1) }),
    () => bob.engine.sessionState(bob.view, alice.address, bob.now),
    () => bob.engine.archiveSession(bob.view, alice.address),
    () => bob.engine.startSession(bob.view, { ...bob.input(alice.address), bundle: alice.bundle() }),
  ];
  const other = [...bob.records].find(([name]) => name !== key)?.[1] ?? new Uint8Array();
  for (const bad of spoiled(bob.records.get(key) as Uint8Array, other, seededRandom(seed))) {
    for (const step of steps) await assertSpoilt(bob, key, bad, step);
  }
  await bob.decrypt(alice, message);
}

/** The session's key: the one a device with the same pre-keys and no session does not have. */
function onlyNewKey(device: TestDevice, fresh: TestDevice): string {
  const keys = [...device.records.keys()].filter((key) => !fresh.records.has(key));
  assert(keys.length === 1, `one record per session, not ${keys.length}`);
  return keys[0] as string;
}

async function preKeys(create: Create, seed: number): Promise<void> {
  const { alice, bob } = await makePair(pairOf(create));
  const random = seededRandom(seed);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const message = await alice.encrypt(bob, 'x');
  const read = await keysRead(bob, alice, message);
  assert(read.length === 3, `a first message needs three pre-keys, not ${read.length}`);
  for (const key of read) {
    const other = bob.records.get(read.find((name) => name !== key) as string) as Uint8Array;
    for (const bad of spoiled(bob.records.get(key) as Uint8Array, other, random)) {
      await assertSpoilt(bob, key, bad, () => bob.tryDecrypt(alice, message));
    }
  }
  await bob.decrypt(alice, message);
}

async function keysRead(bob: TestDevice, alice: TestDevice, { kind, ciphertext }: Sent): Promise<string[]> {
  const read = new Set<string>();
  const view: EngineView = {
    get: (keys) => {
      for (const key of keys) if (bob.records.has(key)) read.add(key);
      return bob.view.get(keys);
    },
  };
  await bob.engine.decrypt(view, { ...bob.input(alice.address), kind, ciphertext });
  return [...read];
}

async function unreadable(create: Create): Promise<void> {
  const { alice, bob } = await makeConversation(pairOf(create));
  const { kind, ciphertext } = await alice.encrypt(bob, 'x');
  const input = bob.input(alice.address);
  const steps: Record<string, (view: EngineView) => Promise<unknown>> = {
    decrypting: (view) => bob.engine.decrypt(view, { ...input, kind, ciphertext }),
    encrypting: (view) => bob.engine.encrypt(view, { ...input, plaintext: new Uint8Array(1) }),
    'starting a session': (view) => bob.engine.startSession(view, { ...input, bundle: alice.bundle() }),
    'asking for its state': (view) => bob.engine.sessionState(view, alice.address, bob.now),
    archiving: (view) => bob.engine.archiveSession(view, alice.address),
  };
  for (const [what, step] of Object.entries(steps)) await assertShowsViewFailure(step, what);
}

async function copies(create: Create): Promise<void> {
  const { alice, bob } = await makeConversation(pairOf(create));
  const snapshot = new RecordSnapshot(alice.records);
  const step = await alice.engine.encrypt(alice.view, {
    ...alice.input(bob.address),
    plaintext: new Uint8Array(8),
  });
  snapshot.assertUntouched('encrypting');
  for (const { value } of step.changes) value?.fill(0);
  step.result.ciphertext.fill(0);
  snapshot.assertUntouched('overwriting a step’s changes');
}
