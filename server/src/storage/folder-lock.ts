/**
 * One process per data folder. PGlite takes no lock on its folder, and two of them on one folder
 * destroy it, so this lock stands before it. Knows nothing of databases.
 *
 * What it rests on: a listening Unix domain socket. The kernel closes it when its process ends,
 * however it ends, so a connection that is accepted proves a living owner, and one that is refused
 * proves a dead one. No process id is compared, so none can be mistaken for another that reuses it,
 * and processes in different containers see each other too.
 *
 * How it is taken: a process listens on a socket of its own and then makes a *claim*, a symbolic
 * link to that socket whose name is the next number. Making a link that exists fails atomically, so
 * of all who saw claim n dead only one makes n + 1. The highest claim counts. A claim is only removed
 * by the holder of a claim at least two higher, so one who was asleep and makes an old number again
 * finds the higher one when it looks once more.
 *
 * POSIX systems and local disks only: over a network file system another machine's socket looks dead.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import path from 'node:path';
import { OperatorError } from '../operator-error.js';

/** The folder is in use, or cannot be locked. The message is one line for the operator. */
export class FolderLockError extends OperatorError {
  override readonly name = 'FolderLockError';
}

/** A held lock. */
export interface FolderLock {
  /** Lets the next one in. Idempotent. */
  release(): Promise<void>;
}

/** Losing this many races in a row means something other than a race. */
const maxAttempts = 16;
/** `sun_path` of macOS, the shortest there is, with its closing zero byte; Linux has 108. */
const maxSocketPathBytes = 103;

/** The kernel bounds the path of a socket; the way from the working directory is often shorter. */
function socketPath(folder: string, name: string): string {
  const absolute = path.resolve(folder, name);
  const relative = path.relative(process.cwd(), absolute);
  const shortest = relative.length < absolute.length ? relative : absolute;
  if (Buffer.byteLength(shortest) > maxSocketPathBytes) {
    throw new FolderLockError('the path of the data folder is too long for its lock: choose a shorter one');
  }
  return shortest;
}

function listen(socket: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', reject);
    server.listen(socket, () => resolve(server.unref()));
  });
}

/** Whether a process listens there. Anything but a plain refusal counts as alive: better locked than shared. */
function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}

async function listClaims(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((left, right) => left - right);
}

/** Undefined when the work failed with just this code: somebody else was faster. */
async function unless<Result>(code: string, work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  }
}

/** The name of the socket a claim points to; undefined when the claim is gone. */
async function ownerOf(folder: string, claim: number): Promise<string | undefined> {
  const target = await unless('ENOENT', readlink(path.join(folder, String(claim))));
  return target === undefined ? undefined : path.basename(target);
}

/** Tries once. `raced`: somebody else moved meanwhile, look again. */
async function claimNext(folder: string, socketName: string): Promise<'held' | 'locked' | 'raced'> {
  const top = (await listClaims(folder)).at(-1) ?? 0;
  if (top > 0) {
    const owner = await ownerOf(folder, top);
    if (owner === undefined) return 'raced';
    if (await isAlive(socketPath(folder, owner))) return 'locked';
  }
  const claim = path.join(folder, String(top + 1));
  const made = await unless(
    'EEXIST',
    symlink(socketName, claim).then(() => true),
  );
  if (!made) return 'raced';
  if ((await listClaims(folder)).at(-1) === top + 1) return 'held';
  await unless('ENOENT', unlink(claim));
  return 'raced';
}

/** Removes what dead owners left. The claim just below stays, so that nobody's listing is ever empty. */
async function removeOldClaims(folder: string): Promise<void> {
  const old = (await listClaims(folder)).slice(0, -2);
  for (const claim of old) {
    const owner = await ownerOf(folder, claim);
    if (owner !== undefined) await unless('ENOENT', unlink(path.join(folder, owner)));
    await unless('ENOENT', unlink(path.join(folder, String(claim))));
  }
}

async function claim(folder: string, socketName: string): Promise<void> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const outcome = await claimNext(folder, socketName);
    if (outcome === 'held') return removeOldClaims(folder);
    if (outcome === 'locked') break;
  }
  throw new FolderLockError('the data folder is in use by another relay: stop it, or choose another folder');
}

/**
 * Locks a folder until `release` or until this process ends, whichever is first.
 * @param folder - holds the lock's own files and nothing else; made when absent
 * @throws FolderLockError when a living process holds it, or its path is too long
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socketName = `${randomUUID().slice(0, 13)}.sock`;
  const server = await listen(socketPath(folder, socketName));
  // Closing removes the socket's file, which leaves the claim pointing nowhere: dead.
  const release = () => new Promise<void>((resolve) => server.close(() => resolve()));
  try {
    await claim(folder, socketName);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}
