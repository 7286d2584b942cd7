/** Storage in Chromium, on the main thread and in a worker. `SOTTO_SEED` repeats a run. */
import { filesIn } from './support/test-files.js';
import { declareBrowserTests } from './support/run-in-chromium.js';

const files = filesIn('test/browser/in-browser/suites/', [
  'indexeddb-storage.ts',
  'storage-health.ts',
  'capacitor-storage.ts',
]);
/** Fewer than there are; a bundle that lost a file would show. */
const fewest = 130;

await declareBrowserTests({ files }, fewest);
