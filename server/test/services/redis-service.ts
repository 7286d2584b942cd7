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
}

const patienceMs = 30_000;

async function untilAnswering(port: number, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline && server.exitCode === null) {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (data) => resolve(String(data)));
      socket.once('error', () => resolve(''));
      socket.once('data', () => socket.destroy());
    });
    if (answer.startsWith('+PONG')) return;
    await sleep(10);
  }
  throw new Error('Redis did not start; is redis-server installed?');
}

/**
 * Starts a server.
 * @throws Error when Redis is not installed
 */
export async function startRedis({ durable = false }: RedisServiceOptions = {}): Promise<RedisService> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sotto-redis-'));
  const port = await freePort();
  const persistence = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const parameters = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
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
