/**
 * The suite of two engines: the portable one here, and Signal's own library in Node. Who starts changes with
 * the direction.
 */
import { describe, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { pairCases } from '../../../../sdk/src/testing/engine-conformance-pairs.js';
import type { ConformanceRunner } from '../../../../sdk/src/testing/index.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const create = () => portableEngine();

/** Without what is thrown at the recipient by the thousand. */
const peaceful: ConformanceRunner = {
  describe: (name, body) => (name.startsWith('hostile') ? undefined : describe(name, body)),
  it,
};

describe('live interop', () => {
  pairCases(
    { describe, it },
    { name: 'libsignal to portable', initiator: libsignalEngine, recipient: create },
    seed,
  );
  // What Signal's library refuses is the same in Node, where to ask it costs a hundredth.
  pairCases(peaceful, { name: 'portable to libsignal', initiator: create, recipient: libsignalEngine }, seed);
});
