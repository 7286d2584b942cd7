/**
 * The suite of two engines: the portable one here, and Signal's own library in Node. Who starts changes with
 * the direction.
 */
import { describe } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { pairCases } from '../../../../sdk/src/testing/engine-conformance-pairs.js';
import { peaceful, wholeInWorker } from '../peaceful.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const create = () => portableEngine();

describe('live interop', () => {
  // What is thrown at the engine, it meets in both scopes in its own suite.
  pairCases(
    wholeInWorker,
    { name: 'libsignal to portable', initiator: libsignalEngine, recipient: create },
    seed,
  );
  // What Signal's library refuses is the same in Node, where to ask it costs a hundredth.
  pairCases(peaceful, { name: 'portable to libsignal', initiator: create, recipient: libsignalEngine }, seed);
});
