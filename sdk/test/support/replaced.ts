/** An account whose identity is replaced: the relay lets somebody else register under its name and id. */
import { expect } from 'vitest';
import type { AccountId } from '../../src/wire/index.js';
import { introduced, Party, type PartyOptions } from './party.js';

/** Alice has verified bob. Then, when it is called, somebody else is bob, and knows alice's code. */
export async function replaced(seed: string, options: { alice?: PartyOptions } = {}) {
  const scene = await introduced(seed, options);
  const { world, alice, bob, bobId } = scene;
  const { scannable } = await bob.messenger.contacts.safetyNumber(scene.aliceId);
  await alice.messenger.contacts.verify(bobId, { kind: 'scanned', scannable });
  expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('verified');
  await world.pass(5_000);
  const replaceBob = async () => {
    bob.kill();
    world.relay.forget('bob');
    // The same stream of randomness gives the same account id; keys are never drawn from it.
    const otherBob = await Party.register(world, 'bob');
    expect(await otherBob.id()).toBe(bobId);
    await otherBob.messenger.contacts.add(await alice.code());
    return otherBob;
  };
  return { ...scene, replaceBob };
}

/** Sends texts, one after another, and waits until they are at the relay and had time to take effect. */
export async function writeAll(from: Party, to: AccountId, texts: readonly string[]): Promise<void> {
  for (const text of texts) await from.messenger.messages.send(to, { text });
  await from.world.until(async () => (await from.rows(to)).every(({ status }) => status !== 'pending'));
  await from.world.pass(5_000);
}

/** Lets a user accept the other key, and the device die when that is durable and nothing has followed from it. */
export async function dieWhenAccepted({
  world,
  alice,
  bobId,
}: Awaited<ReturnType<typeof replaced>>): Promise<void> {
  alice.commitPlan = (changes) => (changes.some(({ key }) => /^contact\//.test(key)) ? 'die-after' : 'pass');
  // Through a port the call fails when the process dies; without one it never ends.
  void alice.messenger.contacts.acceptIdentity(bobId).catch(() => undefined);
  await world.until(() => !alice.running);
  alice.commitPlan = () => 'pass';
}

/** What somebody who has taken a place says. */
export const three = ['it is me', 'really', 'I have a new phone'];
