/** Backups over a port: archives both ways, each piece asked for, and what ends one. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { BackupProgress } from '../../src/backup/index.js';
import { limits } from '../../src/limits.js';
import { connectMessenger, exposeMessenger } from '../../src/remote/index.js';
import { bytesOf, streamOf } from '../backup/sample-archive.js';
import { Party } from '../support/party.js';
import { portPair, type TestPort } from '../support/port-pair.js';
import { World } from '../support/world.js';

let world: World;
let alice: Party;
let secret: { readonly recoveryKey: string };

beforeAll(async () => {
  world = new World('remote-backup');
  alice = await Party.register(world, 'alice');
  secret = { recoveryKey: await alice.messenger.backup.createRecoveryKey() };
});

async function behindAPort(party: Party) {
  const { here, there } = portPair();
  const stop = exposeMessenger(party.messenger, there, { clock: world.clock });
  return { here, there, stop, remote: await connectMessenger(here, { clock: world.clock }) };
}

/** An archive that does not end by itself. */
function endless() {
  let given = 0;
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        given += 1;
        controller.enqueue(new Uint8Array(1000));
      },
      cancel: (reason) => {
        cancelled = reason ?? 'no reason';
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, given: () => given, cancelled: () => cancelled };
}

/** What was said of archives at a port, by its type. */
function saidAt(port: TestPort): string[] {
  const frames = port.posted as { readonly type: string; readonly said?: { readonly type: string } }[];
  return frames.filter(({ type }) => type === 'archive').map(({ said }) => said!.type);
}

describe('backups over a port', () => {
  it('are made, inspected, verified and restored there, with progress', async () => {
    const { remote } = await behindAPort(alice);
    const told: BackupProgress[] = [];
    const settings = { theme: Uint8Array.of(1) };
    const run = { onProgress: (progress: BackupProgress) => void told.push(progress) };
    const archive = await bytesOf(await remote.backup.create({ secret, settings }, run));
    expect(told.map(({ phase }) => phase)).toEqual(['key', 'content']);
    expect(told.at(-1)).toMatchObject({ bytes: archive.length, messages: 0, messagesTotal: 0 });
    const summary = await remote.backup.inspect(streamOf(archive));
    expect(summary).toEqual(await alice.messenger.backup.inspect(streamOf(archive)));
    const totals = await remote.backup.verify(streamOf(archive), { secret });
    expect(totals).toEqual(await alice.messenger.backup.verify(streamOf(archive), { secret }));
    expect(await remote.backup.settings()).toEqual({});

    const another = await Party.open(world, 'alice', { stock: 2 });
    const far = await behindAPort(another);
    const restored = await far.remote.backup.restore(streamOf(archive), { secret });
    expect(restored).toMatchObject({ contacts: 0, messages: 0, expired: 0 });
    expect((await far.remote.account.profile())?.username).toBe('alice');
    expect(await far.remote.backup.settings()).toEqual(settings);
    another.kill();
    alice = await Party.register(world, 'alice_again');
  });

  it('are refused with the codes they are refused with there', async () => {
    const { remote } = await behindAPort(alice);
    const archive = await bytesOf(await remote.backup.create({ secret }));
    const codeOf = (work: Promise<unknown>) => work.then(String, (error: { code?: string }) => error.code);
    const { backup } = remote;
    expect(await codeOf(backup.verify(streamOf(archive.slice(0, -1)), { secret }))).toBe('backup-truncated');
    expect(await codeOf(backup.create({ secret: { recoveryKey: 'not one' } }))).toBe('invalid-recovery-key');
    expect(await codeOf(backup.create({ secret: { password: alice.password } }))).toBe(
      'backup-password-reused',
    );
    expect(await codeOf(backup.restore(streamOf(archive), { secret }))).toBe('already-registered');
    await expect(backup.create({} as never)).rejects.toBeInstanceOf(TypeError);
    await expect(backup.verify(streamOf(archive), { secret: {} } as never)).rejects.toBeInstanceOf(TypeError);
  });

  it('carry nothing that was not asked for, and nothing but ciphertext of an archive', async () => {
    const { remote, here, there } = await behindAPort(alice);
    const reader = (await remote.backup.create({ secret })).getReader();
    await world.settle();
    expect(saidAt(there).filter((type) => type === 'piece')).toHaveLength(0);
    await reader.read();
    expect(saidAt(there).filter((type) => type === 'piece')).toHaveLength(1);
    await reader.cancel();
    expect(saidAt(here)).toEqual(['call', 'pull', 'stop']);
    const { stream, given, cancelled } = endless();
    await expect(remote.backup.verify(stream, { secret })).rejects.toMatchObject({ code: 'backup-invalid' });
    expect(given()).toBe(1);
    expect(cancelled()).toBe('no reason');
  });

  it('stop on a signal, on a cancel, on a listener that fails, and when either side lets go', async () => {
    const { remote, stop } = await behindAPort(alice);
    const { backup } = remote;
    const reason = new Error('enough');
    await expect(backup.create({ secret }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const reader = (await backup.create({ secret }, { signal: controller.signal })).getReader();
    controller.abort(reason);
    await expect(reader.read()).rejects.toBe(reason);
    const onProgress = () => {
      throw reason;
    };
    await expect(backup.create({ secret }, { onProgress })).rejects.toBe(reason);
    const open = (await backup.create({ secret })).getReader();
    stop();
    await expect(open.read()).rejects.toMatchObject({ code: 'remote-closed' });
    await expect(backup.createRecoveryKey()).rejects.toMatchObject({ code: 'messenger-closed' });
    const again = await behindAPort(alice);
    const held = (await again.remote.backup.create({ secret })).getReader();
    again.remote.detach();
    await expect(held.read()).rejects.toMatchObject({ code: 'remote-closed' });
    await expect(again.remote.backup.settings()).rejects.toMatchObject({ code: 'remote-closed' });
  });

  it('leave the device as it was when a restore is stopped or its port ends', async () => {
    const archive = await bytesOf(await alice.messenger.backup.create({ secret }));
    const empty = await Party.open(world, 'nobody', { stock: 2 });
    const { remote } = await behindAPort(empty);
    const controller = new AbortController();
    const whole = streamOf(archive);
    const reason = new Error('no');
    const onProgress = ({ phase }: BackupProgress) => {
      if (phase === 'key') controller.abort(reason);
    };
    const run = { signal: controller.signal, onProgress };
    await expect(remote.backup.restore(whole, { secret }, run)).rejects.toBe(reason);
    expect(await empty.messenger.account.profile()).toBeUndefined();
    empty.kill();
  });

  it('are open four at a time at most, and do not hear what is no frame', async () => {
    const { remote, here } = await behindAPort(alice);
    const streams = await Promise.all(
      Array.from({ length: limits.maxRemoteArchives }, () => remote.backup.create({ secret })),
    );
    const details = { limit: 'maxRemoteArchives' };
    await expect(remote.backup.create({ secret })).rejects.toMatchObject({ code: 'limit-exceeded', details });
    for (const stream of streams) await stream.cancel();
    const piece = new Uint8Array(9);
    const said = [
      null,
      7,
      {},
      { type: 'call', method: 'constructor' },
      { type: 'piece', piece },
      { type: 'end' },
    ];
    for (const one of said) here.postMessage({ sotto: 'remote', type: 'archive', id: 99, said: one });
    expect(await remote.backup.createRecoveryKey()).toHaveLength(39);
  });

  it('end when a piece comes that was not asked for', async () => {
    const { remote, there } = await behindAPort(alice);
    const reader = (await remote.backup.create({ secret })).getReader();
    const said = { type: 'piece', piece: new Uint8Array(9) };
    there.postMessage({ sotto: 'remote', type: 'archive', id: 1, said });
    await world.settle();
    await expect(reader.read()).rejects.toMatchObject({ code: 'remote-failed' });
  });
});
