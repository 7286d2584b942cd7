/**
 * A temporary PostgreSQL server of a test's own, made from the installed programs. Listens on
 * loopback only, keeps its data in a temporary folder, and is ended by its process id.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { chown, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.js';

/** Options of {@link startPostgres}. */
export interface PostgresServiceOptions {
  /** Whether a commit waits for the disk, as it does by default in PostgreSQL. Default false: tests are over sooner. */
  readonly durable?: boolean;
  /**
   * Has so many segments of 16 MiB of its log ready, as a server that has run for a while: one that has none left
   * writes a new one full of zeros, and every commit waits for that. Default none.
   */
  readonly readySegments?: number;
  /** What it keeps of its tables in memory of its own, in MiB. Default 128, as by default in PostgreSQL. */
  readonly sharedBuffersMiB?: number;
  /** Gives it a disk of its own, of so many MiB, in memory, where it may be mounted. */
  readonly diskMiB?: number;
}

/** A running server. */
export interface PostgresService {
  /** Makes an empty database and says where it is. */
  createDatabase(): Promise<string>;
  readonly port: number;
  /** Ends every process of the server at once, by SIGKILL: none of them can write or tell anybody anything more. */
  kill(): Promise<void>;
  /** Starts it again, at the same port and with the same databases. */
  restart(): Promise<void>;
  /** Whether it got a disk of its own. */
  readonly hasOwnDisk: boolean;
  /** Leaves no room on its disk, which has to be its own. */
  fillDisk(): Promise<void>;
  /** Makes room again, and starts the server if the full disk has ended it. */
  freeDisk(): Promise<void>;
  stop(): Promise<void>;
}

/** Writes to a file until nothing more fits. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (let size = 1024 * 1024; size >= 1024; size /= 2) await fillBy(handle, size);
  } finally {
    await handle.close();
  }
}

async function fillBy(handle: FileHandle, size: number): Promise<void> {
  const chunk = Buffer.alloc(size);
  try {
    for (;;) await handle.write(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** A disk that has few files to write ahead must not be full of them. */
const smallDiskSettings = ['max_wal_size=64MB', 'min_wal_size=32MB'];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where `initdb` and `postgres` are: what `pg_config` says, else the PATH. Undefined when not installed. */
function findPostgresPrograms(): string | undefined {
  const { stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const folders = [stdout?.trim(), ...(process.env['PATH'] ?? '').split(path.delimiter)];
  return folders.find(
    (folder) => !!folder && ['initdb', 'postgres'].every((name) => isExecutable(path.join(folder, name))),
  );
}

interface UserIds {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root; then it runs as the user `postgres`. */
function serverUser(): UserIds {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

interface Server {
  readonly programs: string;
  readonly folder: string;
  readonly port: number;
  readonly user: UserIds;
  readonly durable: boolean;
  readonly ownDisk: boolean;
  readonly readySegments: number;
  readonly sharedBuffersMiB: number;
}

const segmentMiB = 16;

function start(options: Server): ChildProcess {
  const { programs, folder, port, user, durable, ownDisk, readySegments, sharedBuffersMiB } = options;
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    `shared_buffers=${sharedBuffersMiB}MB`,
  ];
  if (readySegments > 0) {
    const size = readySegments * segmentMiB;
    settings.push(`min_wal_size=${size}MB`, `max_wal_size=${2 * size}MB`);
  }
  if (ownDisk) settings.push(...smallDiskSettings);
  if (!durable) settings.push('fsync=off');
  const parameters = ['-D', path.join(folder, 'data'), '-p', String(port)];
  return spawn(path.join(programs, 'postgres'), [...parameters, ...settings.flatMap((one) => ['-c', one])], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function untilReady(server: ChildProcess): Promise<void> {
  let log = '';
  for await (const chunk of server.stderr!) {
    log += String(chunk);
    if (log.includes('ready to accept connections')) {
      server.stderr!.resume();
      return;
    }
  }
  throw new Error(`PostgreSQL did not start:\n${log}`);
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

async function stop(server: ChildProcess | undefined, folder: string, ownDisk: boolean): Promise<void> {
  if (server !== undefined && !hasEnded(server)) {
    const gone = once(server, 'exit');
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    server.kill('SIGINT');
    await gone;
  }
  if (ownDisk) execFileSync('umount', [folder]);
  await rm(folder, { recursive: true, force: true });
}

/** Processes that run now and were started by one: the dead that nobody has buried are not among them. */
function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, state]) => Number(ppid) === parent && !state?.startsWith('Z'))
    .map(([pid]) => Number(pid));
}

/** The first process is stopped meanwhile: else it would start others in place of those that are gone. */
async function killAll(server: ChildProcess): Promise<void> {
  const first = server.pid!;
  const gone = once(server, 'exit');
  server.kill('SIGSTOP');
  for (const child of childrenOf(first)) process.kill(child, 'SIGKILL');
  // While one of them is left the folder counts as in use.
  while (childrenOf(first).length > 0) await sleep(5);
  server.kill('SIGKILL');
  await gone;
}

async function createDatabase(port: number, name: string): Promise<string> {
  const address = `postgres://postgres@127.0.0.1:${port}`;
  const client = new pg.Client(`${address}/postgres`);
  client.on('error', () => {});
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return `${address}/${name}`;
}

/** What a checkpoint finds written it keeps for what comes next. */
async function prepareSegments(port: number, count: number): Promise<void> {
  const client = new pg.Client(`postgres://postgres@127.0.0.1:${port}/postgres`);
  client.on('error', () => {});
  await client.connect();
  for (let segment = 0; segment < count; segment += 1) {
    await client.query('SELECT pg_switch_wal() FROM txid_current()');
  }
  await client.query('CHECKPOINT');
  await client.end();
}

/** Whether it could: only who may mount has a disk of its own, and not in every container. */
function mountSmallDisk(folder: string, diskMiB: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'sotto-pg', folder], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a server.
 * @throws Error when PostgreSQL is not installed
 */
export async function startPostgres({
  durable = false,
  readySegments = 0,
  sharedBuffersMiB = 128,
  diskMiB,
}: PostgresServiceOptions = {}): Promise<PostgresService> {
  const programs = findPostgresPrograms();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const user = serverUser();
  const folder = await mkdtemp(path.join(tmpdir(), 'sotto-pg-'));
  const ownDisk = diskMiB !== undefined && mountSmallDisk(folder, diskMiB);
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid!);
  const initdb = [
    '-D',
    path.join(folder, 'data'),
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--no-sync',
  ];
  execFileSync(path.join(programs, 'initdb'), initdb, { ...user, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  let server: ChildProcess;
  const launch = async () => {
    server = start({ programs, folder, port, user, durable, ownDisk, readySegments, sharedBuffersMiB });
    await untilReady(server);
  };
  const ballast = path.join(folder, 'ballast');
  let databases = 0;
  try {
    await launch();
    if (readySegments > 0) await prepareSegments(port, readySegments);
  } catch (error) {
    await stop(server!, folder, ownDisk);
    throw error;
  }
  return {
    createDatabase: () => createDatabase(port, `sotto_${(databases += 1)}`),
    port,
    kill: () => killAll(server),
    restart: launch,
    hasOwnDisk: ownDisk,
    fillDisk: () => fill(ballast),
    async freeDisk() {
      await rm(ballast);
      if (hasEnded(server)) await launch();
    },
    stop: () => stop(server, folder, ownDisk),
  };
}
