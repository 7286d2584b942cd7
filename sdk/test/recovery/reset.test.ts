/** Everything is lost but the password: a new identity under the same name, after whoever may object has not. */
import { describe, expect, it } from 'vitest';
import { introduced, Party } from '../support/party.js';
import type { World } from '../support/world.js';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** An empty device, with the password of somebody. */
async function begun(world: World): Promise<Party> {
  return Party.open(world, 'alice');
}

const reset = ({ messenger, password }: Party) => messenger.account.reset({ username: 'alice', password });

describe('a reset', () => {
  it('happens at once when no device was in use for a week, and contacts are warned', async () => {
    const { world, alice, bob, aliceId } = await introduced('at once');
    const before = (await alice.messenger.account.profile())!;
    alice.kill();
    await world.pass(8 * dayMs);
    const heir = await begun(world);
    const done = await reset(heir);
    expect(done.state).toBe('done');
    await heir.online();
    const after = (await heir.messenger.account.profile())!;
    expect([after.accountId, after.username]).toEqual([before.accountId, before.username]);
    expect(after.identityKey).not.toEqual(before.identityKey);
    expect(after.contactCode).not.toBe(before.contactCode);
    await bob.messenger.messages.send(aliceId, { text: 'are you there' });
    await world.pass(5_000);
    expect((await bob.messenger.contacts.get(aliceId))?.trust).toBe('changed');
    await expect(bob.messenger.messages.send(aliceId, { text: 'no' })).rejects.toMatchObject({
      code: 'identity-changed',
    });
    expect(heir.texts).toEqual([]);
    await bob.messenger.contacts.acceptIdentity(aliceId);
    await heir.messenger.contacts.add(await bob.code());
    await bob.messenger.messages.send(aliceId, { text: 'welcome' });
    await world.pass(60_000);
    expect(heir.texts).toContain('welcome');
  });

  it('waits a day while a device is in use, which is told', async () => {
    const { world, alice } = await introduced('waits');
    const heir = await begun(world);
    const asked = await reset(heir);
    expect(asked).toEqual({ state: 'waiting', retryAfterMs: dayMs });
    await world.pass(13 * hourMs);
    expect(alice.events['reset-pending']?.length).toBeGreaterThan(0);
    expect(await alice.messenger.account.pendingReset()).toMatchObject({ completesAt: expect.any(Number) });
    expect(await reset(heir)).toEqual({ state: 'waiting', retryAfterMs: 11 * hourMs });
    expect(await heir.messenger.account.profile()).toBeUndefined();
    await world.pass(11 * hourMs);
    expect((await reset(heir)).state).toBe('done');
    await world.pass(5_000);
    expect(alice.events['device-replaced']).toHaveLength(1);
    await heir.online();
  });

  it('ends when a device objects, for a day', async () => {
    const { world, alice } = await introduced('objected');
    const heir = await begun(world);
    await reset(heir);
    await world.pass(hourMs);
    await alice.messenger.account.objectToReset();
    expect(await alice.messenger.account.pendingReset()).toBeUndefined();
    await expect(reset(heir)).rejects.toMatchObject({ code: 'reset-objected' });
    await world.pass(dayMs);
    expect((await reset(heir)).state).toBe('waiting');
    await alice.messenger.preKeys.status();
  });

  it('may be repeated where the answer was lost, and is refused to who has not the password', async () => {
    const { world, alice } = await introduced('lost answer');
    alice.kill();
    await world.pass(8 * dayMs);
    const heir = await begun(world);
    world.relay.tamper = {
      loseReply: ({ operation }) => (operation === 'reset.complete' ? 'disconnect' : undefined),
    };
    await expect(reset(heir)).rejects.toMatchObject({ code: 'offline' });
    world.relay.tamper = {};
    heir.kill();
    await heir.start();
    expect((await reset(heir)).state).toBe('done');
    await heir.online();
    const thief = await begun(world);
    const guess = thief.messenger.account.reset({ username: 'alice', password: 'not her password' });
    await expect(guess).rejects.toMatchObject({ code: 'login-refused' });
  });
});
