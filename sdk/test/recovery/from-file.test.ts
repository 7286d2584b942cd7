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
import { archiveOf, bytesOf, sampleSecret, streamOf } from '../backup/sample-archive.js';

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

/** A password is derived four times, for most of a second each where nothing else runs. */
const timeoutMs = 120_000;

describe.each(secrets)('an account, its backup and %s', { timeout: timeoutMs }, (_name, makeSecret) => {
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

describe('a backup that is stopped', () => {
  /** Stops when it hears of progress for the n-th time, and says how often it did. */
  function stopping(at: number) {
    const controller = new AbortController();
    let heard = 0;
    const onProgress = () => {
      heard += 1;
      if (heard === at) controller.abort(new Error('enough'));
    };
    return { run: { signal: controller.signal, onProgress }, heard: () => heard };
  }

  it('leaves the device as it was, whenever a create, a verify or a restore is stopped', async () => {
    const { world, alice, bob } = await talked('stopped');
    await alice.messenger.disconnect();
    const secret = { recoveryKey: await alice.messenger.backup.createRecoveryKey() };
    await writeBackup(alice.messenger, secret);
    const before = await alice.dump();
    for (let at = 1; at <= 2; at += 1) {
      const { backup } = alice.messenger;
      const created = backup.create({ secret }, stopping(at).run).then(bytesOf);
      await expect(created).rejects.toThrow('enough');
      await expect(backup.verify(fileStream(), { secret }, stopping(at).run)).rejects.toThrow('enough');
      expect(await alice.dump()).toEqual(before);
    }
    const listed = world.relay.account('alice')!.manifest;
    const restored = await Party.open(world, 'alice');
    const empty = await restored.dump();
    const rows = (dump: typeof empty) => [...dump.keys()].filter((key) => !key.startsWith('store-'));
    let stopped = 0;
    for (let at = 1; ; at += 1) {
      const { run, heard } = stopping(at);
      const outcome = await restored.messenger.backup.restore(fileStream(), { secret }, run).catch(String);
      if (heard() < at) {
        expect(outcome).toMatchObject({ contacts: 1, messages: 4 });
        break;
      }
      stopped += 1;
      expect(outcome).toBe('Error: enough');
      expect(rows(await restored.dump())).toEqual(rows(empty));
      expect(world.relay.account('alice')!.manifest).toEqual(listed);
    }
    expect(stopped).toBeGreaterThanOrEqual(2);
    expect(await restored.texted(bob)).toHaveLength(4);
  });

  it('is not begun with a setting that could not be read again', async () => {
    const { alice } = await talked('settings');
    const { backup } = alice.messenger;
    const secret = { recoveryKey: await backup.createRecoveryKey() };
    const refusal = (settings: Record<string, unknown>) =>
      backup.create({ secret, settings: settings as never }).catch((error: { code?: string }) => error);
    for (const name of ['', 'two words', '/a', 'ü', 'n'.repeat(481)]) {
      expect(await refusal({ [name]: Uint8Array.of(1) }), name).toMatchObject({
        code: 'invalid-storage-key',
      });
    }
    const details = { limit: 'maxSettingBytes' };
    const tooLong = new Uint8Array(255 * 1024 + 1);
    expect(await refusal({ theme: tooLong })).toMatchObject({ code: 'limit-exceeded', details });
    expect(await refusal({ theme: 'dark' })).toBeInstanceOf(TypeError);
    const settings = { ['n'.repeat(480)]: tooLong.subarray(1) };
    const archive = await bytesOf(await backup.create({ secret, settings }));
    expect(await backup.verify(streamOf(archive), { secret })).toMatchObject({ settings: 1 });
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
