import { describe, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { runEngineConformance } from '../../src/testing/engine-conformance.js';

runEngineConformance(
  { describe, it },
  { name: 'libsignal', create: libsignalEngine, seed: Number(process.env['SOTTO_SEED'] ?? 1) },
);
