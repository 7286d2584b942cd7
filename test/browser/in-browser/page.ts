/** The page: runs the cases itself, and once more in a worker. */
import type { CaseResult } from './cases.js';
import { runSuite } from './suite.js';

async function runInWorker(): Promise<CaseResult[]> {
  const worker = new Worker('/worker.js', { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<CaseResult[]>) => resolve(data);
      worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
    });
  } finally {
    worker.terminate();
  }
}

/** What the test calls. */
const suites = { page: runSuite, worker: runInWorker };
/** See {@link suites}. */
export type Suites = typeof suites;
Object.assign(globalThis, { suites });
