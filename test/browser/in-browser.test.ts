/**
 * The SDK in Chromium, on the main thread and in a worker: its entry points, every vector that the portable
 * engine has, its property tests and the conformance suites. Each case is a test of its own. `SOTTO_SEED`
 * repeats a run.
 */
import { filesIn } from './support/test-files.js';
import { declareBrowserTests } from './support/run-in-chromium.js';

const suites = filesIn('test/browser/in-browser/suites/', [
  'entry-points.ts',
  'storage-conformance.ts',
  'verification-vectors.ts',
  'engine-vectors.ts',
  'engine-conformance.ts',
  'hostile-relay.ts',
]);

/** Those of the engine's own tests that need nothing but the engine. */
const engineTests = filesIn('sdk/test/engines/portable/', [
  'engine.test.ts',
  'pqxdh.test.ts',
  'double-ratchet/kdf.test.ts',
  'double-ratchet/ratchet.test.ts',
  'primitives/gf65536.test.ts',
  'primitives/ml-kem-768.test.ts',
  'primitives/providers.test.ts',
  'primitives/vectors.test.ts',
  'protobuf/protobuf.test.ts',
  'records/skipped-keys.test.ts',
  'session-transcripts.test.ts',
  'spqr/braid.test.ts',
  'spqr/chain.test.ts',
  'spqr/codec.test.ts',
  'spqr/erasure-code.test.ts',
  'spqr/message.test.ts',
  'spqr/network.test.ts',
  'spqr/ratchet.test.ts',
  'spqr/vectors.test.ts',
]);

const files = [...suites, ...engineTests, ...filesIn('sdk/test/vectors/', ['messages.test.ts'])];
/** Fewer than there are; a bundle that lost a file would show. */
const fewest = 1_200;

await declareBrowserTests({ files }, fewest);
