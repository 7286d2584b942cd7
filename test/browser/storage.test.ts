/**
 * Storage in Chromium: on the main thread as it is, in a worker as in a browser without storage buckets. `SOTTO_SEED`
 * repeats a run.
 */
import { filesIn } from './support/test-files.js';
import { declareBrowserTests } from './support/run-in-chromium.js';

const folder = 'test/browser/in-browser/suites/';
const files = filesIn(folder, ['indexeddb-storage.ts', 'storage-health.ts', 'capacitor-storage.ts']);
const only = { page: [], worker: filesIn(folder, ['without-buckets.ts']) };
/** Fewer than there are; a bundle that lost a file would show. */
const fewest = 150;

await declareBrowserTests({ files, only }, fewest);
