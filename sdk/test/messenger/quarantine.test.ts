/** Quarantine: what waits under a changed identity comes before anything newer, and does not wait for ever. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import type { MessageHandler } from '../../src/messages/index.js';
import { door } from '../support/door.js';
import { textOf, type Party } from '../support/party.js';
import { dieWhenAccepted, replaced, three, writeAll } from '../support/replaced.js';

const dayMs = 24 * 60 * 60 * 1000;

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

/** Three that wait for alice, whose relay never heard of it, and has made her forget that they had come. */
async function waitingAndForgotten(seed: string) {
  const scene = await replaced(seed);
  const { world, alice, aliceId } = scene;
  const { tamper } = world.relay;
  tamper.loseRequest = ({ operation }) => (operation === 'acknowledge' ? 'silence' : undefined);
  await writeAll(await scene.replaceBob(), aliceId, three);
  expect(alice.undecryptable).toEqual(Array(3).fill('identity-changed'));
  // That everything has come, and none of these, is a lie.
  tamper.envelopes = () => [];
  await alice.restart();
  await alice.online();
  await world.settle();
  await alice.messenger.close();
  delete tamper.loseRequest;
  expect([...(await alice.dump()).keys()].filter((key) => key.startsWith('seen/'))).toEqual([]);
  return scene;
}

describe('what waits in quarantine and is shown again by a relay that had kept it back', () => {
  it('is told once, and keeps its place', async () => {
    const { world, alice, bobId } = await waitingAndForgotten('shown-again');
    world.relay.tamper.envelopes = (honest) => [...honest].reverse();
    await alice.start();
    await alice.online();
    await world.until(async () => world.relay.waiting(await alice.address()).length === 0);
    expect(alice.undecryptable).toEqual(Array(3).fill('identity-changed'));
    expect(await quarantined(alice)).toHaveLength(3);
    await alice.messenger.contacts.acceptIdentity(bobId);
    await world.until(() => alice.texts.length === 3);
    expect(alice.texts).toEqual(three);
  });

  it('is not replaced by another under its id', async () => {
    const { world, alice, bobId } = await waitingAndForgotten('another');
    world.relay.tamper.envelopes = (honest) =>
      honest.map((envelope) => ({ ...envelope, ciphertext: envelope.ciphertext.with(-1, 0) }));
    await alice.start();
    await alice.online();
    await world.until(() => alice.undecryptable.length > 3);
    await world.until(async () => world.relay.waiting(await alice.address()).length === 0);
    expect(alice.undecryptable.slice(3)).toEqual(Array(3).fill('envelope-id-reused'));
    await alice.messenger.contacts.acceptIdentity(bobId);
    await world.until(() => alice.texts.length === 3);
    expect(alice.texts).toEqual(three);
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

  it.each([
    ['by years', 10 * 365 * dayMs],
    ['by a little more than it lasts', limits.quarantineTtlMs + dayMs],
  ])('does not end by a clock that is set forward %s', async (_, offsetMs) => {
    const { world, alice, aliceId, bobId, replaceBob } = await replaced('clock');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    alice.clockOffsetMs = offsetMs;
    await alice.restart();
    await world.pass(5_000);
    expect(await quarantined(alice)).toHaveLength(3);
    await alice.messenger.contacts.acceptIdentity(bobId);
    await world.until(() => alice.texts.length === 3);
    expect(alice.texts).toEqual(three);
  });

  it('ends by the relay’s clock where the own one was set forward', async () => {
    const { world, alice, aliceId, replaceBob } = await replaced('relay-clock');
    const otherBob = await replaceBob();
    await writeAll(otherBob, aliceId, three);
    alice.clockOffsetMs = 10 * 365 * dayMs;
    await alice.restart();
    await world.pass(limits.quarantineTtlMs - dayMs);
    expect(await quarantined(alice)).toHaveLength(3);
    await world.pass(dayMs);
    expect(await quarantined(alice)).toEqual([]);
    expect(alice.undecryptable.filter((reason) => reason === 'quarantine-expired')).toHaveLength(3);
  });

  it('keeps no more than twice its bound, whatever the own clock says', { timeout: 120_000 }, async () => {
    const { alice, aliceId, replaceBob } = await replaced('twice');
    const otherBob = await replaceBob();
    const texts = Array.from({ length: limits.maxQuarantinedPerAccount }, (_, n) => `n${n}`);
    for (const offsetMs of [0, 10 * 365 * dayMs, 20 * 365 * dayMs]) {
      alice.clockOffsetMs = offsetMs;
      await writeAll(otherBob, aliceId, texts);
    }
    expect(await quarantined(alice)).toHaveLength(2 * limits.maxQuarantinedPerAccount);
    const refused = alice.undecryptable.filter((reason) => reason === 'limit-exceeded');
    expect(refused).toHaveLength(limits.maxQuarantinedPerAccount);
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
