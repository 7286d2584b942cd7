/** One process at a time: the database’s own lock is a folder that a killed process leaves behind. */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { SottoError } from '@sotto/sdk';

/** Says in a file beside the database who has it. @throws SottoError `storage-locked` while its owner lives */
export async function own(path: string): Promise<void> {
  const file = `${path}.owner`;
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
  } catch {
    await evict(file);
    await writeFile(file, String(process.pid), { flag: 'wx' }).catch(refuse);
    await rm(`${path}.lock`, { recursive: true, force: true });
  }
}

/** Lets go of it. */
export async function disown(path: string): Promise<void> {
  await rm(`${path}.owner`, { force: true });
}

async function evict(file: string): Promise<void> {
  const pid = await readFile(file, 'utf8').catch(refuse);
  if (isAlive(Number(pid))) refuse();
  // Two may find the same dead owner: who takes away another file than the dead one’s puts it back.
  const taken = `${file}.${process.pid}`;
  await rename(file, taken).catch(refuse);
  const isTheDeads = (await readFile(taken, 'utf8')) === pid;
  if (!isTheDeads) await link(taken, file);
  await rm(taken);
  if (!isTheDeads) refuse();
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function refuse(cause?: unknown): never {
  throw new SottoError('storage-locked', { cause });
}
