import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderLockError, lockFolder } from '../../src/storage/folder-lock.js';
import { firstLine, kill, spawnSource } from '../support/child.js';

const holder = new URL('../support/lock-holder.ts', import.meta.url);

describe('the lock of a data folder', () => {
  let folder: string;
  let children: ChildProcess[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sotto-lock-'));
    children = [];
  });
  afterEach(async () => {
    await Promise.all(children.map(kill));
    await rm(folder, { recursive: true });
  });

  function startHolder(): ChildProcess {
    const child = spawnSource(holder, [folder]);
    children.push(child);
    return child;
  }

  it('is refused while another process holds it, and free once that one was SIGKILLed', async () => {
    const child = startHolder();
    expect(await firstLine(child)).toBe('held');
    await expect(lockFolder(folder)).rejects.toThrow(FolderLockError);
    await kill(child);
    const lock = await lockFolder(folder);
    await lock.release();
  });

  it('is refused within one process too, and free after release', async () => {
    const first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(/in use by another relay/);
    await first.release();
    await first.release();
    await (await lockFolder(folder)).release();
  });

  it('goes to exactly one of several processes that find a dead owner at once', async () => {
    const dead = startHolder();
    await firstLine(dead);
    await kill(dead);
    const answers = await Promise.all(Array.from({ length: 4 }, () => firstLine(startHolder())));
    expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'FolderLockError')).toHaveLength(3);
  });

  it('goes to at most one of many that race over and over', async () => {
    for (let round = 0; round < 30; round += 1) {
      const settled = await Promise.allSettled(Array.from({ length: 12 }, () => lockFolder(folder)));
      const held = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(held).toHaveLength(1);
      await held[0]!.release();
    }
  });

  it('does not let its folder grow', async () => {
    for (let round = 0; round < 20; round += 1) await (await lockFolder(folder)).release();
    expect((await readdir(folder)).length).toBeLessThanOrEqual(4);
  });

  it('says so when the path is too long for a socket', async () => {
    await expect(lockFolder(path.join(folder, 'x'.repeat(120)))).rejects.toThrow(/too long/);
  });
});
