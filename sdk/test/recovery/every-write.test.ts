/**
 * Every write of a restore fails once, or is the last one of its process: afterwards the device is what it was, or
 * completely restored, and either way the account can be brought back by doing it again.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { createMemoryMedium, memoryStorage, type MemoryMedium } from '../../src/storage/memory/index.js';
import type { CommitFate } from '../../src/testing/failing-storage.js';
import { backUpMedium } from '../../src/testing/network/recovery.js';
import { introduced, Party } from '../support/party.js';
import { recover } from './recovery-kit.js';

const fates = ['fail', 'die-before', 'die-after'] as const satisfies readonly CommitFate[];
/** A mark, rows, the draft, the activation. */
const leastCommits = 4;
const lossesPerFate = ['reply', undefined] as const;

let scene: Awaited<ReturnType<typeof prepare>>;

async function prepare() {
  const { world, alice, bob, aliceId, bobId } = await introduced('every write of a restore');
  await bob.messenger.messages.send(aliceId, { text: 'before' });
  await alice.messenger.messages.send(bobId, { text: 'reply' });
  await world.pass(5_000);
  const sections = await backUpMedium(alice.medium, world.clock.now());
  const texts = await alice.texted(bob);
  alice.kill();
  return { world, bob, sections, texts };
}

/** What a messenger that is opened on a storage shows. */
async function shown(medium: MemoryMedium) {
  const party = await Party.open(scene.world, 'alice');
  party.kill();
  party.medium = medium;
  await party.start();
  const profile = await party.messenger.account.profile();
  const contacts = await party.messenger.contacts.list();
  const conversations = await party.messenger.messages.conversations();
  const texts = conversations.length > 0 ? await party.texted(scene.bob) : [];
  party.kill();
  return { profile, contacts: contacts.length, conversations: conversations.length, texts };
}

const nothing = { profile: undefined, contacts: 0, conversations: 0, texts: [] };

/** How many rows lie in a storage, whoever can see them. */
async function rowsIn(medium: MemoryMedium): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of memoryStorage({ medium }).list('')) keys.push(key);
  return keys.filter((key) => !key.startsWith('store-'));
}

describe('every write of a restore', () => {
  beforeAll(async () => {
    scene = await prepare();
  });

  async function attempt(fate: CommitFate, at: number, loss?: 'reply') {
    const { world, sections } = scene;
    const medium = createMemoryMedium();
    let commits = 0;
    const plan = () => ((commits += 1) === at ? fate : 'pass');
    world.relay.tamper = loss
      ? { loseReply: ({ operation }) => (operation === 'accounts.replace-device' ? 'disconnect' : undefined) }
      : {};
    const outcome = await recover(world, sections, { medium, plan });
    world.relay.tamper = {};
    return { medium, commits, outcome };
  }

  async function check(medium: MemoryMedium): Promise<boolean> {
    const state = await shown(medium);
    const restored = state.profile !== undefined;
    if (restored) expect(state).toMatchObject({ contacts: 1, conversations: 1, texts: scene.texts });
    else {
      expect(state).toEqual(nothing);
      // What may be left is what repeats the request to the relay.
      expect((await rowsIn(medium)).filter((key) => key !== 'restore/draft')).toEqual([]);
      expect(await recover(scene.world, scene.sections, { medium })).toBe('recovered');
      expect(await shown(medium)).toMatchObject({ contacts: 1, texts: scene.texts });
    }
    return restored;
  }

  it.each(fates)('can end in %s', { timeout: 120_000 }, async (fate) => {
    const { commits } = await attempt('pass', 0);
    expect(commits).toBeGreaterThanOrEqual(leastCommits);
    const restored: boolean[] = [];
    for (const loss of lossesPerFate) {
      for (let at = 1; at <= commits; at += 1)
        restored.push(await check((await attempt(fate, at, loss)).medium));
    }
    // Only the very last write makes it, and only when it was written.
    expect(restored.filter(Boolean)).toHaveLength(fate === 'die-after' ? 1 : 0);
    expect(restored[commits * 2 - 1]).toBe(fate === 'die-after');
  });

  it('can be the last one of a restore that is stopped, up to the last row', async () => {
    const { commits } = await attempt('pass', 0);
    const reason = new Error('enough');
    for (let at = 1; at <= commits; at += 1) {
      const controller = new AbortController();
      let written = 0;
      const plan = () => {
        if ((written += 1) === at) controller.abort(reason);
        return 'pass' as const;
      };
      const medium = createMemoryMedium();
      const outcome = await recover(scene.world, scene.sections, { medium, plan, signal: controller.signal });
      // The draft and the activation: the relay has been asked, or is about to be.
      const isTooLate = at > commits - 2;
      expect(outcome, `write ${at}`).toBe(isTooLate ? 'recovered' : reason);
      expect(await check(medium)).toBe(isTooLate);
    }
  });
});
