/** What must be true of every world once all is well again, whatever has happened in it. */
import assert from 'node:assert/strict';
import type { Message } from '../../src/messages/index.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { textOf } from '../support/party.js';
import { names, type Name } from './actions.js';
import type { Stage } from './stage.js';

/** @throws AssertionError */
export async function assertInvariants(stage: Stage, orderly: boolean): Promise<void> {
  for (const from of names) {
    for (const to of names) if (from !== to) await assertDelivered(stage, from, to, orderly);
  }
  for (const name of names) {
    await assertEffectsCounted(stage, name);
    await assertJournalHeard(stage, name);
    await assertStockSane(stage, name);
  }
}

/** Every message that was written is at the other side once, in order, and its writer knows. */
async function assertDelivered(stage: Stage, from: Name, to: Name, orderly: boolean): Promise<void> {
  const { parties, ids } = stage;
  const written = (await parties[from].rows(ids[to])).filter(({ sender }) => sender === ids[from]);
  const received = (await parties[to].rows(ids[from])).filter(({ sender }) => sender === ids[from]);
  const what = `${from} to ${to}`;
  const text = (rows: readonly Message[]) => rows.map(textOf);
  const inOrder = orderly ? text : (rows: readonly Message[]) => text(rows).sort();
  assert.deepEqual(inOrder(received), inOrder(written), what);
  for (const message of written) {
    assert.equal(
      message.status,
      'delivered',
      `${what}: ${textOf(message)} (${message.failure ?? 'no failure'})`,
    );
  }
}

/** What the handler wrote is there once for each message received. */
async function assertEffectsCounted(stage: Stage, name: Name): Promise<void> {
  const party = stage.parties[name];
  assert.deepEqual(party.undecryptable, [], `${name} could not read something`);
  assert.deepEqual(party.events['handler-failed'] ?? [], []);
  const storage = memoryStorage({ medium: party.medium });
  for (const other of names) {
    for (const { sender, id } of await party.rows(stage.ids[other])) {
      if (sender === stage.ids[name]) continue;
      const [count] = await storage.get([`app/count/${id}`]);
      assert.deepEqual(count, Uint8Array.of(1), `effects of ${id} at ${name}`);
    }
  }
}

/** Observers have heard every number of the journal; that one number always said the same is checked as they come. */
async function assertJournalHeard(stage: Stage, name: Name): Promise<void> {
  const heard = [...stage.parties[name].journal.keys()].sort((left, right) => left - right);
  assert.deepEqual(
    heard,
    heard.map((_seq, index) => index + 1),
    `journal of ${name}`,
  );
}

/** The device holds every one-time key the relay may hand out, and of those handed out only what was never used. */
async function assertStockSane(stage: Stage, name: Name): Promise<void> {
  const party = stage.parties[name];
  const keys = [...(await party.dump()).keys()];
  const held = keys.filter((key) => key.startsWith('engine/pre-key/')).length;
  const { oneTime, signedId, kemLastResortId } = stage.world.relay.preKeyStatus(await party.address());
  assert.ok(held >= oneTime, `${name} lacks one-time keys: ${held} of ${oneTime}`);
  assert.ok(
    held - oneTime <= stage.bundlesServed,
    `${name} holds ${held} one-time keys, the relay ${oneTime}`,
  );
  assert.ok(signedId !== null && kemLastResortId !== null);
  assert.ok(keys.includes(`engine/signed-pre-key/${signedId}`));
  assert.ok(keys.includes(`engine/kem-pre-key/${kemLastResortId}`));
  assert.deepEqual(
    keys.filter((key) => /^(quarantine|outbox\/|receipt|prekeys\/upload)/.test(key)),
    [],
  );
}
