import type * as fs from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { FolderLockError, lockFolder } from '../../src/storage/folder-lock.js';

/** Holds the next claim back until it is let go; everything else is the real file system. */
const gate = vi.hoisted(() => ({ hold: undefined as Promise<void> | undefined, reached: () => {} }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const symlink: typeof real.symlink = async (...parameters) => {
    const { hold } = gate;
    gate.hold = undefined;
    if (hold) {
      gate.reached();
      await hold;
    }
    return real.symlink(...parameters);
  };
  return { ...real, symlink };
});

it('is not taken by one who slept while others came and went and cleaned up', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sotto-lock-'));
  await (await lockFolder(folder)).release();
  let wake = () => {};
  const asleep = new Promise<void>((resolve) => (gate.reached = resolve));
  gate.hold = new Promise<void>((resolve) => (wake = resolve));
  // Has seen that claim 1 is dead and is about to make claim 2.
  const sleeper = lockFolder(folder);
  await asleep;
  await (await lockFolder(folder)).release();
  await (await lockFolder(folder)).release();
  const holder = await lockFolder(folder);
  wake();
  await expect(sleeper).rejects.toThrow(FolderLockError);
  await holder.release();
  await rm(folder, { recursive: true });
});
