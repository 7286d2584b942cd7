/** A device is lost and its account brought back from a backup: what contacts see, what comes, and who is refused. */
import { describe, expect, it } from 'vitest';
import type { SottoError } from '../../src/errors.js';
import { createMemoryMedium, type MemoryMedium } from '../../src/storage/memory/index.js';
import { makeProblem, manifestBytes, type DeviceManifest, type ResponseOf } from '../../src/wire/index.js';
import { engineFor } from '../support/engines.js';
import { backUpMedium } from '../../src/testing/network/recovery.js';
import { introduced, Party } from '../support/party.js';
import { dumpStorage } from '../support/storage-dump.js';
import type { World } from '../support/world.js';
import { recover } from './recovery-kit.js';

const codeOf = (outcome: unknown) => (outcome as SottoError).code;

/** Alice and bob have talked; a backup of alice was made, and then they have talked on. */
async function talked(seed: string) {
  const scene = await introduced(seed);
  const { world, alice, bob, aliceId, bobId } = scene;
  await bob.messenger.messages.send(aliceId, { text: 'before' });
  await alice.messenger.messages.send(bobId, { text: 'reply' });
  await world.pass(5_000);
  const sections = await backUpMedium(alice.medium, world.clock.now());
  return { ...scene, sections };
}

/** Another device of alice's, with an account or without. */
async function newDevice(world: World): Promise<Party> {
  const party = await Party.open(world, 'alice');
  party.kill();
  return party;
}

async function revived(party: Party): Promise<Party> {
  await party.start();
  await party.online();
  await party.world.pass(5_000);
  return party;
}

const accountOf = async (medium: MemoryMedium) =>
  [...(await dumpStorage(medium)).keys()].filter((key) => key !== 'store-seq' && key !== 'store-opened');

describe('an account that is brought back', () => {
  it('is the same to contacts, goes on by itself, and gets what waited for the lost device', async () => {
    const { world, alice, bob, aliceId, bobId, sections } = await talked('back');
    const before = (await alice.messenger.account.profile())!;
    const trusted = await bob.messenger.contacts.get(aliceId);
    const history = await alice.texted(bob);
    expect(history).toHaveLength(3);
    alice.kill();
    for (const text of ['one', 'two', 'three']) await bob.messenger.messages.send(aliceId, { text });
    await world.pass(5_000);
    const restored = await newDevice(world);
    expect(await recover(world, sections, { medium: restored.medium })).toBe('recovered');
    await revived(restored);
    const after = (await restored.messenger.account.profile())!;
    expect(after.deviceId).not.toBe(before.deviceId);
    expect({ ...after, deviceId: before.deviceId }).toEqual(before);
    await world.until(async () => (await restored.texted(bob)).includes('three'));
    expect(await restored.texted(bob)).toEqual([...history, 'one', 'two', 'three']);
    await restored.messenger.messages.send(bobId, { text: 'I am back' });
    await bob.messenger.messages.send(aliceId, { text: 'so I see' });
    await world.pass(5_000);
    expect(await restored.texted(bob)).toEqual([...history, 'one', 'two', 'three', 'I am back', 'so I see']);
    expect(bob.texts.at(-1)).toBe('I am back');
    expect(await bob.messenger.contacts.get(aliceId)).toEqual(trusted);
    expect((bob.events.contact ?? []).map(({ change }) => change)).not.toContain('identity-changed');
    const rows = await bob.history(restored);
    expect(rows.every(({ status }) => status === 'delivered' || status === 'received')).toBe(true);
  });

  it('sends the old device away for good, and tells it why', async () => {
    const { world, alice, bob, bobId, sections } = await talked('old');
    const restored = await newDevice(world);
    expect(await recover(world, sections, { medium: restored.medium })).toBe('recovered');
    await world.pass(5_000);
    expect(alice.events['device-replaced']).toHaveLength(1);
    expect(alice.messenger.connection.kind).toBe('closed');
    await alice.messenger.messages.send(bobId, { text: 'a ghost' });
    await alice.restart();
    await world.pass(60_000);
    expect(alice.events['device-replaced']!.length).toBeGreaterThan(1);
    await expect(alice.messenger.account.login(alice.password)).rejects.toMatchObject({
      code: 'device-replaced',
    });
    await revived(restored);
    await restored.messenger.messages.send(bobId, { text: 'me' });
    await world.pass(5_000);
    expect(bob.texts).not.toContain('a ghost');
    expect(bob.texts).toContain('me');
  });

  it('comes back again from the same backup, after the restored device is lost too', async () => {
    const { world, alice, bob, aliceId, sections } = await talked('twice');
    alice.kill();
    const [first, second] = [await newDevice(world), await newDevice(world)];
    expect(await recover(world, sections, { medium: first.medium })).toBe('recovered');
    await revived(first);
    expect(await recover(world, sections, { medium: second.medium })).toBe('recovered');
    await world.pass(5_000);
    expect(first.events['device-replaced']).toHaveLength(1);
    await revived(second);
    await bob.messenger.messages.send(aliceId, { text: 'to the third' });
    await world.pass(5_000);
    expect(second.texts).toContain('to the third');
    expect(first.texts).not.toContain('to the third');
  });

  it('is found by somebody who has added it and not written yet', async () => {
    const { world, alice, sections } = await talked('added');
    const carol = await Party.register(world, 'carol');
    const { accountId } = await carol.messenger.contacts.add(await alice.code());
    alice.kill();
    const restored = await newDevice(world);
    expect(await recover(world, sections, { medium: restored.medium })).toBe('recovered');
    await revived(restored);
    await carol.messenger.messages.send(accountId, { text: 'hello, whoever you are now' });
    await world.pass(60_000);
    expect(restored.texts).toContain('hello, whoever you are now');
  });

  it('is not restored over another, nor where something lies', async () => {
    const { world, alice, sections } = await talked('over');
    const medium = alice.medium;
    alice.kill();
    const before = await accountOf(medium);
    expect(codeOf(await recover(world, sections, { medium }))).toBe('already-registered');
    expect(await accountOf(medium)).toEqual(before);
  });

  it('lets one of two restores at once win, and tells the other', async () => {
    const { world, alice, sections } = await talked('rivals');
    alice.kill();
    const media = [createMemoryMedium(), createMemoryMedium()];
    const outcomes = await Promise.all(media.map((medium) => recover(world, sections, { medium })));
    expect(outcomes.filter((outcome) => outcome === 'recovered')).toHaveLength(1);
    const loser = outcomes.findIndex((outcome) => outcome !== 'recovered');
    expect(codeOf(outcomes[loser])).toBe('manifest-conflict');
    expect(await accountOf(media[loser]!)).toEqual([]);
  });

  it('finds an id where those around the last one were in use lately', async () => {
    const { world, alice, sections } = await talked('resting');
    alice.kill();
    const resting = new Set(Array.from({ length: 40 }, (_, index) => index + 1));
    let refused = 0;
    world.relay.tamper = {
      refuse: (call) => {
        if (call.operation !== 'accounts.replace-device' || !resting.has(call.request.deviceId))
          return undefined;
        refused += 1;
        return makeProblem('device-id-taken');
      },
    };
    const restored = await newDevice(world);
    expect(await recover(world, sections, { medium: restored.medium })).toBe('recovered');
    await revived(restored);
    expect((await restored.messenger.account.profile())!.deviceId).toBeGreaterThan(40);
    expect(refused).toBeGreaterThan(0);
  });

  it('is refused where the account is gone', async () => {
    const { world, alice, sections } = await talked('gone');
    await alice.messenger.account.signOut({ deleteAccount: true });
    const medium = createMemoryMedium();
    expect(codeOf(await recover(world, sections, { medium }))).toBe('recovery-refused');
    expect(await accountOf(medium)).toEqual([]);
  });
});

describe('a relay that lies about an account that is brought back', () => {
  type State = ResponseOf<'accounts.state'>;

  /** A backup that knows the second list, what an honest relay shows, and lists that it might show. */
  async function scene(seed: string) {
    const { world, alice, bob, sections: first } = await talked(seed);
    const older = world.relay.account('alice')!.manifest;
    alice.kill();
    const restored = await newDevice(world);
    expect(await recover(world, first, { medium: restored.medium })).toBe('recovered');
    const sections = await backUpMedium(restored.medium, world.clock.now());
    const newer = world.relay.account('alice')!.manifest;
    const key = first().find((section) => section.type === 'identity')!.identity;
    const sign = async (manifest: DeviceManifest) => {
      const keys = { publicKey: key.statement.identityKey, privateKey: key.identityPrivateKey };
      const signature = await engineFor('alice').sign(keys, manifestBytes(manifest));
      return { ...manifest, signature: signature as Uint8Array<ArrayBuffer> };
    };
    const fork = await sign({ ...newer, devices: older.devices });
    return { world, older, newer, fork, sections, bob: world.relay.account(bob.username)! };
  }

  type Scene = Awaited<ReturnType<typeof scene>>;
  const lies: Record<string, [(truth: State, scene: Scene) => State, string]> = {
    'another account’s statement': [
      (truth, { bob }) => ({ ...truth, statement: bob.statement }),
      'statement-mismatch',
    ],
    'a statement that was not signed': [
      (truth, { bob }) => ({
        ...truth,
        statement: { ...truth.statement, signature: bob.statement.signature },
      }),
      'invalid-signature',
    ],
    'another account’s list': [
      (truth, { bob }) => ({ ...truth, manifest: bob.manifest }),
      'invalid-signature',
    ],
    'a list that was not signed': [
      (truth, { bob }) => ({ ...truth, manifest: { ...truth.manifest, signature: bob.manifest.signature } }),
      'invalid-signature',
    ],
    'an older list': [(truth, { older }) => ({ ...truth, manifest: older }), 'manifest-rollback'],
    'another list of the same version': [
      (truth, { fork }) => ({ ...truth, manifest: fork }),
      'manifest-rollback',
    ],
  };

  it.each(Object.entries(lies))('with %s is refused, and changes nothing', async (name, [lie, code]) => {
    const given = await scene(name);
    const { world, newer, sections } = given;
    const medium = createMemoryMedium();
    world.relay.tamper = { responses: { 'accounts.state': (truth) => lie(truth, given) } };
    expect(codeOf(await recover(world, sections, { medium }))).toBe(code);
    expect(await accountOf(medium)).toEqual([]);
    expect(world.relay.account('alice')!.manifest).toEqual(newer);
    world.relay.tamper = {};
    expect(await recover(world, sections, { medium })).toBe('recovered');
  });
});
