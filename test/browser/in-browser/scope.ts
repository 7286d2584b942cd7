/** What a bundle of tests does where it is loaded: in a page it waits to be asked, in a worker it posts its results. */
import { runTests, type TestFiles, type TestResult } from './run-tests.js';

/** What a page offers to the test that drives it. */
export interface PageTests {
  /** Runs the tests in the page itself. */
  readonly page: () => Promise<readonly TestResult[]>;
  /** Runs them in a dedicated worker. */
  readonly worker: () => Promise<readonly TestResult[]>;
}

/** What a worker posts when it is done. */
type Posted = { readonly results: readonly TestResult[] } | { readonly failure: string };

/** Called once by a bundle. @param files - by where they run */
export function offerTests(files: Readonly<Record<keyof PageTests, TestFiles>>): void {
  if ('document' in globalThis) {
    const tests: PageTests = { page: () => runTests(files.page), worker: () => runInWorker(import.meta.url) };
    Object.assign(globalThis, { tests });
  } else {
    void runTests(files.worker).then(
      (results) => postMessage({ results } satisfies Posted),
      (error: unknown) => postMessage({ failure: String(error) } satisfies Posted),
    );
  }
}

/** Loads this very bundle once more, in a worker. */
async function runInWorker(url: string): Promise<readonly TestResult[]> {
  const worker = new Worker(url, { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Posted>) => {
        if ('results' in data) resolve(data.results);
        else reject(new Error(`the worker failed: ${data.failure}`));
      };
      worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
    });
  } finally {
    worker.terminate();
  }
}
