/**
 * The data folder of a relay without a database server: its lock, its secret and the embedded
 * database's folder. Knows no table.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { fromBase64Url, toBase64Url } from '@sotto/sdk/wire';
import { OperatorError } from '../operator-error.js';
import type { RandomBytes } from '../ports.js';
import { lockFolder } from './folder-lock.js';

/** A data folder that is this process's alone until `release`. */
export interface DataFolder {
  /** Where the embedded database lives. */
  readonly databaseFolder: string;
  /** The relay's secret, 32 bytes: made at the first call, the same ever after. */
  secret(random: RandomBytes): Promise<Uint8Array>;
  release(): Promise<void>;
}

const secretBytes = 32;

async function readSecret(file: string): Promise<Uint8Array | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const secret = fromBase64Url(text.trim());
    if (secret.length === secretBytes) return secret;
  } catch {
    // Refused below, like one of another length.
  }
  throw new OperatorError('the secret in the data folder is damaged: restore it, or set SOTTO_SECRET');
}

/** Written beside its place and moved there, so that a crash leaves no half of it. */
async function writeSecret(file: string, secret: Uint8Array): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${toBase64Url(secret)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

/**
 * Makes the folder if need be and locks it.
 * @throws FolderLockError when another relay has it
 * @throws OperatorError when it cannot be used
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = await lockFolder(path.join(folder, 'lock'));
    const secretFile = path.join(folder, 'secret');
    return {
      databaseFolder: path.join(folder, 'database'),
      async secret(random) {
        const kept = await readSecret(secretFile);
        if (kept !== undefined) return kept;
        const made = random(secretBytes);
        await writeSecret(secretFile, made);
        return made;
      },
      release: () => lock.release(),
    };
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new OperatorError(`the data folder (SOTTO_DATA) cannot be used: ${code}`);
  }
}
