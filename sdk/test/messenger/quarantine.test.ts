/** Quarantine: what waits under a changed identity comes before anything newer, and does not wait for ever. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { MessageHandler } from '../../src/messages/index.js';
import { door } from '../support/door.js';
import { textOf, type Party } from '../support/party.js';
import { dieWhenAccepted, replaced, three, writeAll } from '../support/replaced.js';

async function quarantined(party: Party): Promise<string[]> {
  return [...(await party.dump()).keys()].filter((key) => key.startsWith('quarantine/'));
}

describe('what waits in quarantine', () => {
  it('takes effect before a message that comes while it does', async () => {
    const first = door();
    const handled: string[] = [];
    const onMessage: MessageHandler = async (message) => {
      handled.push(textOf(message));
      if (textOf(message) === three[0]) await first.opened;
    };
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('overtake', { alice: { onMessage } });
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    const accepting = alice.messenger.contacts.acceptIdentity(bobId);
    await world.settle();
    await otherBob.messenger.messages.send(aliceId, { text: 'newer' });
    await world.settle();
    first.open();
    await accepting;
    await world.until(() => handled.length === 4);
    expect(handled).toEqual([...three, 'newer']);
    await world.until(() => alice.texts.length === 4);
    expect(alice.texts).toEqual([...three, 'newer']);
    expect(world.relay.waiting(await alice.address())).toEqual([]);
  });

  it('takes effect before what came while its device was dead', async () => {
    const scene = await replaced('overtake-dead');
    const { world, alice, aliceId, replaceBob } = scene;
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    await dieWhenAccepted(scene);
    await writeAll(otherBob, aliceId, ['while you were away']);
    await alice.revive();
    await world.until(() => alice.texts.length === 4);
    expect(alice.texts).toEqual([...three, 'while you were away']);
    expect(await quarantined(alice)).toEqual([]);
  });
});

describe('quarantine', () => {
  it('ends after seven days, with a reason', async () => {
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('expiry');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three.slice(0, 2));
    await world.pass(limits.quarantineTtlMs / 2);
    await writeAll(otherBob, aliceId, three.slice(2));
    expect(await quarantined(alice)).toHaveLength(3);
    await world.pass(limits.quarantineTtlMs / 2);
    expect(await quarantined(alice)).toHaveLength(1);
    expect(alice.undecryptable).toEqual([
      ...Array<string>(3).fill('identity-changed'),
      ...Array<string>(2).fill('quarantine-expired'),
    ]);
    // What is left is what was there less than seven days.
    await alice.messenger.contacts.acceptIdentity(bobId);
    await world.settle();
    expect(alice.texts).toEqual(three.slice(2));
  });

  it('ends while the device is away, too', async () => {
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('expiry-away');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    alice.kill();
    await world.pass(limits.quarantineTtlMs + 1);
    await alice.start();
    // Before a connection, which would sweep: what is too old has no effect all the same.
    await alice.messenger.contacts.acceptIdentity(bobId);
    await alice.online();
    await world.settle();
    expect(alice.texts).toEqual([]);
    expect(await quarantined(alice)).toEqual([]);
    expect(alice.undecryptable.filter((reason) => reason === 'quarantine-expired')).toHaveLength(3);
  });

  it('leaves no timer behind in a messenger that is closed', async () => {
    const { world, alice, aliceId, replaceBob } = await replaced('expiry-timer');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    await alice.messenger.close();
    await otherBob.messenger.close();
    await world.settle();
    expect(world.clock.scheduledCount()).toBe(0);
  });
});
