/** A temporary Redis of a test's own, made from the installed program: loopback only, ended by its process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';

/** A running Redis. */
export interface RedisService {
  readonly url: string;
  readonly port: number;
  /** Sends a signal to the process. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it as a crash would: what was not written is gone. */
  kill(): Promise<void>;
  /** Starts it again, at the same port and with what is in its folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Options of {@link startRedis}. */
export interface RedisServiceOptions {
  /** Whether every write is in the file before it is answered. Default false: nothing is written at all. */
  readonly durable?: boolean;
  /** Whether it is a cluster, of one shard: it refuses whatever touches keys of two hash slots. Default false. */
  readonly cluster?: boolean;
}

const patienceMs = 30_000;

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('data', (data) => resolve(String(data)));
    socket.once('error', () => resolve(''));
    socket.once('data', () => socket.destroy());
  });
}

async function untilAnswering(port: number, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline && server.exitCode === null) {
    if ((await ask(port, 'PING')).startsWith('+PONG')) return;
    await sleep(10);
  }
  throw new Error('Redis did not start; is redis-server installed?');
}

async function takeAllSlots(port: number): Promise<void> {
  await ask(port, 'CLUSTER ADDSLOTSRANGE 0 16383');
  const deadline = performance.now() + patienceMs;
  while (!(await ask(port, 'CLUSTER INFO')).includes('cluster_state:ok')) {
    if (performance.now() > deadline) throw new Error('Redis is no cluster');
    await sleep(10);
  }
}

/**
 * Starts a server.
 * @throws Error when Redis is not installed
 */
export async function startRedis({
  durable = false,
  cluster = false,
}: RedisServiceOptions = {}): Promise<RedisService> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sotto-redis-'));
  const port = await freePort();
  const persistence = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const parameters = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  if (cluster) parameters.push('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));
  let server: ChildProcess;
  const launch = async () => {
    server = spawn('redis-server', [...parameters, ...persistence], { stdio: 'ignore' });
    server.on('error', () => {});
    await untilAnswering(port, server);
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  const stop = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await launch();
    if (cluster) await takeAllSlots(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    signal: (name) => void server.kill(name),
    kill,
    restart: launch,
    stop,
  };
}
