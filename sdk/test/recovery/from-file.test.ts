/** A device is lost, and its account comes back from the file of its backup: all of the way an application goes. */
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readArchive, type ArchiveSection, type BackupSecret } from '../../src/backup/index.js';
import { messageIdPrefix } from '../../src/messages/index.js';
import type { Messenger } from '../../src/messenger-api.js';
import { introduced, Party, textOf } from '../support/party.js';
import { archiveOf, sampleSecret, streamOf } from '../backup/sample-archive.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-backup-'));
  file = join(folder, 'alice.sotto-backup');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fileStream = () => Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;

async function writeBackup(messenger: Messenger, secret: BackupSecret): Promise<void> {
  const archive = await messenger.backup.create({ secret });
  await pipeline(Readable.fromWeb(archive as never), createWriteStream(file));
}

/** Alice and bob have talked; alice has a message that she could not send. */
async function talked(seed: string) {
  const scene = await introduced(seed);
  const { world, alice, bob, aliceId, bobId } = scene;
  for (const text of ['one', 'two']) await bob.messenger.messages.send(aliceId, { text });
  await alice.messenger.messages.send(bobId, { text: 'three' });
  await world.pass(5_000);
  return scene;
}

const secrets: readonly [string, (messenger: Messenger) => Promise<BackupSecret>][] = [
  ['a recovery key', async ({ backup }) => ({ recoveryKey: await backup.createRecoveryKey() })],
  ['a password', async () => ({ password: 'ein anderes Paßwort' })],
];

describe.each(secrets)('an account, its backup and %s', (_name, makeSecret) => {
  it('bring everything back: history, trust, what waited and what could not be sent', async () => {
    const { world, alice, bob, aliceId, bobId } = await talked('from a file');
    await alice.messenger.disconnect();
    await alice.messenger.messages.send(bobId, { text: 'not sent yet' });
    const secret = await makeSecret(alice.messenger);
    await writeBackup(alice.messenger, secret);
    expect(readFileSync(file).includes('not sent yet')).toBe(false);
    const [before, rows] = [(await alice.messenger.account.profile())!, await alice.history(bob)];
    const trusted = await bob.messenger.contacts.get(aliceId);
    alice.kill();
    for (const text of ['four', 'five']) await bob.messenger.messages.send(aliceId, { text });
    await world.pass(5_000);

    const restored = await Party.open(world, 'alice');
    const { backup } = restored.messenger;
    expect(await backup.verify(fileStream(), { secret })).toMatchObject({ contacts: 1, messages: 5 });
    expect(await restored.messenger.account.profile()).toBeUndefined();
    const summary = await backup.restore(fileStream(), { secret });
    expect(summary).toMatchObject({ contacts: 1, messages: 5, expired: 0 });
    const after = (await restored.messenger.account.profile())!;
    expect(after.deviceId).not.toBe(before.deviceId);
    expect({ ...after, deviceId: before.deviceId }).toEqual(before);
    const back = await restored.history(bob);
    expect(back.map(textOf)).toEqual(rows.map(textOf));
    expect(back.map(({ status }) => status)).toEqual([
      ...rows.slice(0, -1).map(({ status }) => status),
      'failed',
    ]);
    await restored.online();
    await restored.messenger.messages.retry(bobId, back.at(-1)!.seq);
    await world.until(async () => bob.texts.includes('not sent yet'));
    await world.until(async () => (await restored.texted(bob)).includes('five'));
    expect(await restored.texted(bob)).toEqual([...rows.map(textOf), 'four', 'five']);
    expect(await bob.messenger.contacts.get(aliceId)).toEqual(trusted);
    expect((bob.events.contact ?? []).map(({ change }) => change)).not.toContain('identity-changed');
    await bob.messenger.messages.send(aliceId, { text: 'welcome' });
    await world.until(async () => (await restored.texted(bob)).includes('welcome'));
  });
});

describe('what was to be gone', () => {
  it('stays gone: a message whose time is over before the archive is read', async () => {
    const { world, alice, bob } = await talked('gone');
    const secret = { recoveryKey: await alice.messenger.backup.createRecoveryKey() };
    await writeBackup(alice.messenger, secret);
    const expiresAt = world.clock.now() + 1_000;
    const sections: ArchiveSection[] = [];
    for await (const section of readArchive(fileStream(), secret)) {
      const isOne = section.type === 'message' && textOf(section.message) === 'one';
      sections.push(isOne ? { ...section, expiresAt } : section);
    }
    const archive = await archiveOf(sections, { derive: undefined });
    alice.kill();
    await world.pass(10_000);
    const restored = await Party.open(world, 'alice');
    const summary = await restored.messenger.backup.restore(streamOf(archive), { secret: sampleSecret });
    expect(summary).toMatchObject({ messages: 3, expired: 1 });
    await restored.online();
    expect(new Set(await restored.texted(bob))).toEqual(new Set(['hello bob', 'two', 'three']));
    // Its id is kept, so that a late copy takes no effect.
    const ids = [...(await restored.dump()).keys()].filter((key) => key.startsWith(messageIdPrefix));
    expect(ids).toHaveLength(4);
  });
});
