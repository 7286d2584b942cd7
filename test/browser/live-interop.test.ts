/**
 * The portable engine in Chromium, on the main thread and in a worker, live against Signal's own library in
 * Node: sessions started by either side, long conversations, groups, both versions of sealed sender,
 * decryption errors and safety numbers. `SOTTO_SEED` repeats a run.
 */
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { engineEvent } from './remote-engine/messages.js';
import { serveEngine } from './remote-engine/server.js';
import { declareBrowserTests } from './support/run-in-chromium.js';
import { filesIn } from './support/test-files.js';

const files = [
  ...filesIn('test/browser/in-browser/suites/', ['engine-interop.ts', 'long-conversations.ts']),
  ...filesIn('sdk/test/engines/portable/', ['session-record/codec.test.ts']),
];
/** Fewer than there are in a page, where no hostile ones are; a bundle that lost a file would show. */
const fewest = 160;

await declareBrowserTests({ files, handlers: { [engineEvent]: serveEngine(libsignalEngine()) } }, fewest);
