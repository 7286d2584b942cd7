/** Backups in Chromium, on the main thread and in a worker. `SOTTO_SEED` repeats a run. */
import { declareBrowserTests } from './support/run-in-chromium.js';
import { filesIn } from './support/test-files.js';

const files = filesIn('test/browser/in-browser/suites/', ['backup.ts']);
/** Fewer than there are; a bundle that lost a file would show. */
const fewest = 20;

await declareBrowserTests({ files }, fewest);
