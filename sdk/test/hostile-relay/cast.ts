/** The scene of the hostile-relay suites: alice writes to bob, who also knows carol; the relay lies. */
import { expect } from 'vitest';
import { limits } from '../../src/limits.js';
import { introduce, introduced, Party } from '../support/party.js';
import { changedKeys, type StorageDump } from '../support/storage-dump.js';

/** Everybody on stage. */
export interface Cast extends Awaited<ReturnType<typeof introduced>> {
  readonly carol: Party;
}

/** Alice and bob have talked both ways; carol has talked with bob. */
export async function makeCast(seed: string): Promise<Cast> {
  // The full stock: none is replenished in between, which would move more than a lie may.
  const full = { stock: limits.preKeyStock };
  const scene = await introduced(seed, { alice: full, bob: full });
  const { world, bob, aliceId } = scene;
  const carol = await Party.register(world, 'carol', full);
  await introduce(carol, bob);
  await talk(bob, scene.alice, 'I see you');
  await talk(bob, carol, 'and you');
  expect((await bob.messenger.contacts.get(aliceId))?.relation).toBe('accepted');
  return { ...scene, carol };
}

/** One message that arrives and is marked as delivered. */
export async function talk(from: Party, to: Party, text: string): Promise<void> {
  await from.messenger.messages.send(await to.id(), { text });
  await from.world.until(async () => (await from.history(to)).at(-1)?.status === 'delivered');
  expect((await to.texted(from)).at(-1)).toBe(text);
  await quiet(from.world);
}

/** Until nothing happens by itself any more. */
export async function quiet(world: Cast['world']): Promise<void> {
  await world.pass(120_000);
}

/** What a refusal leaves behind: marks of envelopes, and the journal. */
export const refusalMarks = [/^seen\//, /^journal\//, /^journal-head$/];

/** Every other key is as it was. */
export function expectUntouched(before: StorageDump, after: StorageDump, marks: readonly RegExp[]): void {
  const touched = changedKeys(before, after).filter((key) => !marks.some((mark) => mark.test(key)));
  expect(touched).toEqual([]);
}
