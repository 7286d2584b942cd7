/**
 * Runs in a worker, of the web or of Node: derives one key by Argon2id, answers and is done. What it takes of memory
 * goes with it. Knows no header and no secret's meaning.
 */
import { argon2id } from '@noble/hashes/argon2.js';
import type { Argon2Answer, Argon2Job } from './argon2-in-worker.js';

interface Port {
  postMessage(answer: Argon2Answer): void;
}

interface NodePort extends Port {
  on(event: 'message', listener: (job: Argon2Job) => void): void;
}

interface WebScope extends Port {
  addEventListener(event: 'message', listener: (event: { readonly data: Argon2Job }) => void): void;
}

interface ProcessWithThreads {
  getBuiltinModule?(name: string): { readonly parentPort: NodePort | null } | undefined;
}

function derive(port: Port, { password, salt, memoryKib, passes, derivedBytes, maxMemoryBytes }: Argon2Job) {
  try {
    const cost = { t: passes, m: memoryKib, p: 1, dkLen: derivedBytes, maxmem: maxMemoryBytes };
    port.postMessage({ kind: 'derived', derived: argon2id(password, salt, cost) });
  } catch {
    // Of what is checked before, memory alone can be missing.
    port.postMessage({ kind: 'no-memory' });
  } finally {
    password.fill(0);
  }
}

const { process } = globalThis as { process?: ProcessWithThreads };
const parent = process?.getBuiltinModule?.('node:worker_threads')?.parentPort;
if (parent) {
  parent.on('message', (job) => {
    derive(parent, job);
  });
  parent.postMessage({ kind: 'ready' });
} else {
  const scope = globalThis as unknown as WebScope;
  scope.addEventListener('message', ({ data }) => {
    derive(scope, data);
  });
  scope.postMessage({ kind: 'ready' });
}
