/** Delivery receipts tell that a message has come, and as little as can be of the device that it came to. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { AccountId } from '../../src/wire/index.js';
import { introduced, Party } from '../support/party.js';
import type { World } from '../support/world.js';

/** The moments at which an account brings something to the relay, from now on. */
function sendsOf(world: World, account: AccountId): number[] {
  const moments: number[] = [];
  world.relay.tamper.delay = ({ operation, device }) => {
    if (operation === 'send' && device?.accountId === account) moments.push(world.clock.now());
    return undefined;
  };
  return moments;
}

/** Two who talk. Bob's receipts are watched; alice writes, and it takes effect at once. */
async function watched(seed: string) {
  const scene = await introduced(seed);
  const { world, alice, bob, aliceId, bobId } = scene;
  await bob.messenger.contacts.accept(aliceId);
  await world.until(async () => (await alice.history(bob)).every(({ status }) => status === 'delivered'));
  await world.pass(limits.maxReceiptBurst * limits.receiptIntervalMs);
  const write = async (text: string) => {
    const before = bob.texts.length;
    await alice.messenger.messages.send(bobId, { text });
    await world.until(() => bob.texts.length > before);
    return world.clock.now();
  };
  return { ...scene, moments: sendsOf(world, bobId), write };
}

const statuses = async ({ alice, bob }: Awaited<ReturnType<typeof watched>>) =>
  (await alice.history(bob)).map(({ status }) => status);

describe('delivery receipts', () => {
  it('come after a time that is drawn anew each time', async () => {
    const { world, moments, write } = await watched('drawn');
    const waited: number[] = [];
    for (let n = 0; n < 16; n += 1) {
      const written = await write(`${n}`);
      await world.pass(limits.receiptIntervalMs);
      expect(moments).toHaveLength(n + 1);
      waited.push((moments[n] as number) - written);
    }
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(limits.receiptDelayMs);
    expect(Math.max(...waited)).toBeLessThanOrEqual(limits.receiptDelayMs + limits.receiptJitterMs);
    expect(Math.max(...waited) - Math.min(...waited)).toBeGreaterThan(limits.receiptJitterMs / 2);
    expect(new Set(waited).size).toBeGreaterThan(12);
  });

  it('come one per interval to who writes on and on, for all that has come by then', async () => {
    const scene = await watched('on-and-on');
    const { world, moments, write } = scene;
    const from = world.clock.now();
    for (let n = 0; n < 200; n += 1) {
      await write(`${n}`);
      await world.pass(2_000);
    }
    const intervals = (world.clock.now() - from) / limits.receiptIntervalMs;
    expect(moments.length).toBeLessThanOrEqual(limits.maxReceiptBurst + intervals);
    // The allowance is used up: of those after it no two are nearer than they may be.
    const late = moments.slice(-10);
    const gaps = late.slice(1).map((moment, index) => moment - (late[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(limits.receiptIntervalMs - limits.receiptJitterMs);
    await world.pass(2 * limits.receiptIntervalMs);
    expect(new Set(await statuses(scene))).toEqual(new Set(['delivered']));
  });

  it('are held back from who writes on and on, and from nobody else', async () => {
    const scene = await watched('nobody-else');
    const { world, bob, bobId, write } = scene;
    const carol = await Party.register(world, 'carol');
    await carol.messenger.contacts.add(await bob.code());
    await carol.messenger.messages.send(bobId, { text: 'hi' });
    await world.until(() => bob.texts.includes('hi'));
    await bob.messenger.contacts.accept(await carol.id());
    for (let n = 0; n < 60; n += 1) {
      await write(`${n}`);
      await world.pass(1_000);
    }
    await carol.messenger.messages.send(bobId, { text: 'hello' });
    await world.pass(limits.receiptDelayMs + limits.receiptJitterMs + 1);
    expect((await carol.history(bob)).at(-1)?.status).toBe('delivered');
    expect((await statuses(scene)).at(-1)).toBe('sent');
  });

  it('come again to a whole burst when a contact has been quiet for long', async () => {
    const { world, moments, write } = await watched('quiet');
    for (let n = 0; n < 40; n += 1) {
      await write(`${n}`);
      await world.pass(1_001);
    }
    await world.pass(limits.maxReceiptBurst * limits.receiptIntervalMs + 1);
    const before = moments.length;
    for (let n = 0; n < limits.maxReceiptBurst; n += 1) {
      await write(`again ${n}`);
      await world.pass(limits.receiptDelayMs + limits.receiptJitterMs + 1);
    }
    expect(moments.length - before).toBe(limits.maxReceiptBurst);
  });
});
