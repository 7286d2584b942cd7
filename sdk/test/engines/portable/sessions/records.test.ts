import { describe, expect, it } from 'vitest';
import { pagesIn } from '../../../../src/engines/portable/records/skipped-keys.js';
import { readArchive } from '../../../../src/engines/portable/session-record/archive.js';
import {
  decodeArchivedSession,
  decodeSessionRecord,
} from '../../../../src/engines/portable/session-record/codec.js';
import type { Session, SessionRecord } from '../../../../src/engines/portable/session-record/session.js';
import { skippedDirectories } from '../../../../src/engines/portable/triple-ratchet.js';
import type { EngineStep } from '../../../../src/ports/index.js';
import type { Sent, TestDevice } from '../../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { CountingView, devices, written } from '../support.js';

/** Long and boring exchanges go this way: nothing is compared. */
async function conversation(): Promise<[TestDevice, TestDevice]> {
  const [alice, bob] = await devices('portable', 'portable');
  await alice.startSession(bob, { ec: 11, kem: 21 });
  await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  await bob.decrypt(alice, await alice.encrypt(bob, 'third'));
  return [alice, bob];
}

async function encryptMany(from: TestDevice, to: TestDevice, count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let index = 0; index < count; index += 1) sent.push(await from.encrypt(to, `message ${index}`));
  return sent;
}

/** A decryption, what it read, and what it would write. */
async function watched(
  to: TestDevice,
  from: TestDevice,
  message: Sent,
): Promise<{ step: EngineStep<unknown>; view: CountingView }> {
  const view = new CountingView(to.view);
  const { kind, ciphertext } = message;
  return { view, step: await to.engine.decrypt(view, { ...to.input(from.address), kind, ciphertext }) };
}

const recordOf = (device: TestDevice): SessionRecord =>
  decodeSessionRecord(device.records.get(sessionRecords(device).find((key) => key.endsWith('/current'))!)!);

const sessionOf = (device: TestDevice): Session => recordOf(device).current!;

/** Records that nothing names. */
function orphans(device: TestDevice): string[] {
  const [current] = sessionRecords(device).filter((key) => key.endsWith('/current'));
  const prefix = current!.slice(0, -'current'.length);
  const archived = readArchive(recordOf(device).archive).map(({ id }) => `${prefix}archived/${id}`);
  const states = [
    sessionOf(device),
    ...archived.map((key) => decodeArchivedSession(device.records.get(key)!)),
  ];
  const pages = states.flatMap(({ id, ratchet }) =>
    [...skippedDirectories(ratchet)].flatMap(([chain, directory]) =>
      pagesIn(directory).map((page) => `${prefix}skipped/${id}/${chain}/${page}`),
    ),
  );
  const named = new Set([current, ...archived, ...pages]);
  const missing = [...named].filter((key) => !device.records.has(key!));
  return [...missing.map(String), ...sessionRecords(device).filter((key) => !named.has(key))];
}

function sessionRecords(device: TestDevice): string[] {
  return [...device.records.keys()].filter((key) => key.startsWith('session/'));
}

describe('records of sessions', () => {
  it('are one to read and one to write for a message in order', async () => {
    const [alice, bob] = await conversation();
    const { step, view } = await watched(bob, alice, await alice.encrypt(bob, 'in order'));
    expect([view.keys.length, view.roundTrips]).toEqual([1, 1]);
    expect(written(step)).toMatchObject({ puts: 1, deletions: 0 });
    const view2 = new CountingView(alice.view);
    const encrypted = await alice.engine.encrypt(view2, {
      ...alice.input(bob.address),
      plaintext: new Uint8Array(240),
    });
    expect(view2.keys.length).toBe(1);
    expect(written(encrypted)).toMatchObject({ puts: 1, deletions: 0 });
    expect(sessionRecords(bob)).toHaveLength(1);
  });

  it('stay small and few while 2,000 keys are skipped', async () => {
    const [alice, bob] = await conversation();
    const idle = bob.records.get(sessionRecords(bob)[0]!)!.length;
    const sent = await encryptMany(alice, bob, 2_000);
    const jump = await watched(bob, alice, sent[1_998]!);
    expect(jump.view.keys).toHaveLength(1);
    bob.apply(jump.step);
    // 64 keys a page, for the seeds of one ratchet and the keys of the other.
    expect(sessionRecords(bob).length).toBeLessThanOrEqual(1 + 2 * 33);

    const inOrder = await watched(bob, alice, sent[1_999]!);
    expect(inOrder.view.keys).toHaveLength(1);
    expect(written(inOrder.step)).toMatchObject({ puts: 1, deletions: 0 });
    expect(inOrder.view.bytes).toBeLessThan(idle + 1_000);
    expect(written(inOrder.step).bytes).toBeLessThan(idle + 1_000);
    bob.apply(inOrder.step);

    const late = await watched(bob, alice, sent[777]!);
    expect(late.view.keys).toHaveLength(3);
    expect(late.view.bytes).toBeLessThan(idle + 1_000 + 2 * 64 * 32 + 100);
    expect(written(late.step)).toMatchObject({ puts: 3, deletions: 0 });
    bob.apply(late.step);

    for (const message of sent) {
      if (message !== sent[777] && message !== sent[1_998] && message !== sent[1_999])
        await bob.decrypt(alice, message);
    }
    expect(sessionRecords(bob), 'pages that are empty are gone').toHaveLength(1);
  });

  it('go with the chains they belong to', async () => {
    const [alice, bob] = await conversation();
    const counts: number[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      await alice.encrypt(bob, 'lost');
      await bob.decrypt(alice, await alice.encrypt(bob, 'on time'));
      await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
      counts.push(sessionRecords(bob).filter((key) => key.includes('/d')).length);
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 5, 5, 5, 5]);
  });

  it('go when the session is removed, archived states and skipped keys with them', async () => {
    const [alice, bob] = await conversation();
    for (const kem of [22, 23]) {
      await alice.encrypt(bob, 'lost');
      await bob.decrypt(alice, await alice.encrypt(bob, 'on time'));
      await alice.startSession(bob, { kem });
      await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
    }
    const kinds = (kind: string): number => sessionRecords(bob).filter((key) => key.includes(kind)).length;
    expect([kinds('/current'), kinds('/archived/'), kinds('/skipped/')]).toEqual([1, 2, 4]);
    bob.apply(await bob.engine.removeSession(bob.view, alice.address));
    expect(sessionRecords(bob)).toEqual([]);
  });

  it('of more than 40 archived states are dropped with their skipped keys', async () => {
    const [alice, bob] = await conversation();
    await alice.encrypt(bob, 'lost');
    await bob.decrypt(alice, await alice.encrypt(bob, 'on time'));
    const late = await alice.encrypt(bob, 'late');
    const oldest = sessionRecords(bob);
    expect(oldest).toHaveLength(3);
    for (let round = 0; round < 41; round += 1) {
      const before = sessionRecords(bob).length;
      await alice.startSession(bob);
      await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
      expect(sessionRecords(bob).length - before).toBe(round < 40 ? 1 : -2);
    }
    expect(sessionRecords(bob)).toHaveLength(41);
    await bob.assertRefuses(alice, late, 'invalid-message', 'a message for a state that was dropped');
  });

  it('are all named by the current and the archived states, whatever happens', async () => {
    const [alice, bob] = await conversation();
    const random = seededRandom('orphans');
    let promotions = 0;
    for (let turn = 0; turn < 300; turn += 1) {
      const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice];
      if (turn < 30 && random.chance(0.3)) {
        const late = await from.encrypt(to, 'of the session before');
        await from.startSession(to);
        await to.decrypt(from, await from.encrypt(to, 'starts another'));
        const before = sessionOf(to).id;
        await to.decrypt(from, late);
        if (sessionOf(to).id !== before) promotions += 1;
      }
      for (let lost = random.integer(3); lost > 0; lost -= 1) await from.encrypt(to, 'lost');
      await to.decrypt(from, await from.encrypt(to, 'on time'));
      expect(orphans(alice), `turn ${turn}`).toEqual([]);
      expect(orphans(bob), `turn ${turn}`).toEqual([]);
    }
    expect(promotions, 'archived states were promoted').toBeGreaterThan(3);
    const epochs = [alice, bob].map((device) => sessionOf(device).ratchet.spqr.chain.sendEpoch);
    expect(Math.min(...epochs), 'chains of an epoch were forgotten').toBeGreaterThan(1);
  });

  it('of archived states do not repeat a first message', async () => {
    const [alice, bob] = await devices('portable', 'portable');
    await alice.startSession(bob);
    expect(sessionOf(alice).pending).toBeDefined();
    alice.apply(await alice.engine.archiveSession(alice.view, bob.address));
    const [archived] = sessionRecords(alice).filter((key) => key.includes('/archived/'));
    expect(decodeArchivedSession(alice.records.get(archived!)!).pending).toBeUndefined();
  });

  it('that are damaged can be removed', async () => {
    const [alice, bob] = await conversation();
    bob.records.set(sessionRecords(bob)[0]!, Uint8Array.of(1, 2, 3));
    bob.apply(await bob.engine.removeSession(bob.view, alice.address));
    expect(sessionRecords(bob)).toEqual([]);
  });

  it('of an archived state that is damaged do not stand in the way of others', async () => {
    const [alice, bob] = await conversation();
    const late = await alice.encrypt(bob, 'late');
    for (const kem of [22, 23]) {
      await alice.startSession(bob, { kem });
      await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
    }
    const [newest] = sessionRecords(bob)
      .filter((key) => key.includes('/archived/'))
      .reverse();
    bob.records.set(newest!, Uint8Array.of(1, 2, 3));
    await bob.decrypt(alice, late);
  });
});
