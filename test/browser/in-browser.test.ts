/**
 * The SDK in Chromium, on the main thread and in a worker: its entry points, every vector that the portable
 * engine has, and the conformance suites. The engine's own property tests, which see nothing of their surroundings,
 * run in the page, and whole messengers against a hostile relay in a worker, where messengers live. Each case is a
 * test of its own. `SOTTO_SEED` repeats a run.
 */
import { filesIn } from './support/test-files.js';
import { declareBrowserTests } from './support/run-in-chromium.js';

const suites = filesIn('test/browser/in-browser/suites/', [
  'entry-points.ts',
  'storage-conformance.ts',
  'verification-vectors.ts',
  'engine-vectors.ts',
  'engine-conformance.ts',
]);

/** Those of the engine's own tests that need nothing but the engine, and ask for the platform or for vectors. */
const engineTests = filesIn('sdk/test/engines/portable/', [
  'engine.test.ts',
  'pqxdh.test.ts',
  'double-ratchet/kdf.test.ts',
  'primitives/vectors.test.ts',
  'session-transcripts.test.ts',
  'spqr/vectors.test.ts',
]);

/** Properties of code that is TypeScript alone, and of the platform's primitives, which both scopes share. */
const properties = filesIn('sdk/test/engines/portable/', [
  'double-ratchet/ratchet.test.ts',
  'primitives/gf65536.test.ts',
  'primitives/ml-kem-768.test.ts',
  'primitives/providers.test.ts',
  'protobuf/protobuf.test.ts',
  'records/skipped-keys.test.ts',
  'spqr/braid.test.ts',
  'spqr/chain.test.ts',
  'spqr/codec.test.ts',
  'spqr/erasure-code.test.ts',
  'spqr/message.test.ts',
  'spqr/network.test.ts',
  'spqr/ratchet.test.ts',
]);

const files = [...suites, ...engineTests, ...filesIn('sdk/test/vectors/', ['messages.test.ts'])];
const hostileRelay = filesIn('test/browser/in-browser/suites/', ['hostile-relay.ts']);
/** Fewer than there are; a bundle that lost a file would show. */
const fewest = { page: 1_000, worker: 1_000 };

await declareBrowserTests({ files, only: { page: properties, worker: hostileRelay } }, fewest);
