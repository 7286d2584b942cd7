/**
 * Argon2id in a worker of its own, which is ended with the derivation: the memory it took is free again at once, and
 * nothing else waits. Where there are no workers, or this one's file is not where a bundler put it, whoever asked
 * derives by itself. Knows no header and no secret's meaning.
 */

/** What the worker is to derive. */
export interface Argon2Job {
  /** Crosses as a copy, which the worker wipes. */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly memoryKib: number;
  readonly passes: number;
  readonly derivedBytes: number;
  readonly maxMemoryBytes: number;
}

/** What it says. */
export type Argon2Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'derived'; readonly derived: Uint8Array }
  | { readonly kind: 'no-memory' };

/** A worker of either platform, as far as it is needed. */
interface Thread {
  postMessage(job: Argon2Job): void;
  terminate(): unknown;
}

interface NodeThread extends Thread {
  on(event: string, listener: (value?: unknown) => void): void;
}

interface Surroundings {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly Worker: new (url: URL) => NodeThread } | undefined;
  };
}

interface Listener {
  readonly said: (answer: Argon2Answer) => void;
  readonly failed: () => void;
}

/** @throws where the platform refuses a worker outright */
function start(file: URL | undefined, { said, failed }: Listener): Thread | undefined {
  const { process } = globalThis as unknown as Surroundings;
  const threads = process?.getBuiltinModule?.('node:worker_threads');
  if (threads) {
    const thread = new threads.Worker(file ?? new URL('./argon2-worker.js', import.meta.url));
    thread.on('message', (answer) => {
      said(answer as Argon2Answer);
    });
    for (const event of ['error', 'exit']) thread.on(event, failed);
    return thread;
  }
  if (typeof Worker === 'undefined') return undefined;
  // Written out, as this is how bundlers know a worker and give its file a place.
  const thread = file
    ? new Worker(file, { type: 'module' })
    : new Worker(new URL('./argon2-worker.js', import.meta.url), { type: 'module' });
  thread.addEventListener('message', ({ data }: { readonly data: Argon2Answer }) => {
    said(data);
  });
  for (const event of ['error', 'messageerror']) thread.addEventListener(event, failed);
  return thread;
}

/**
 * Derives in a worker.
 * @param options - `file`: the worker's, for tests; the signal ends the worker
 * @returns the key; `no-memory` when there was too little, or the worker died of it; `no-worker` when none could be
 * started, and nothing was derived
 */
export function argon2InWorker(
  job: Argon2Job,
  { signal, file }: { readonly signal?: AbortSignal | undefined; readonly file?: URL } = {},
): Promise<Uint8Array | 'no-memory' | 'no-worker'> {
  return new Promise((resolve, reject) => {
    let thread: Thread | undefined;
    let isReady = false;
    const end = () => {
      signal?.removeEventListener('abort', abort);
      void thread?.terminate();
    };
    const answer = (outcome: Uint8Array | 'no-memory' | 'no-worker') => {
      end();
      resolve(outcome);
    };
    const abort = () => {
      end();
      reject(signal?.reason as Error);
    };
    const said = (told: Argon2Answer) => {
      if (told.kind === 'derived') answer(told.derived);
      else if (told.kind === 'no-memory') answer('no-memory');
      else {
        isReady = true;
        thread?.postMessage(job);
      }
    };
    const failed = () => {
      answer(isReady ? 'no-memory' : 'no-worker');
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      thread = start(file, { said, failed });
    } catch {
      // A content security policy may forbid workers.
    }
    if (!thread) answer('no-worker');
  });
}
