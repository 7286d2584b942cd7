import { describe, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { runEngineConformance } from '@sotto/sdk/testing';

runEngineConformance(
  { describe, it },
  { name: 'libsignal', create: libsignalEngine, seed: Number(process.env['SOTTO_SEED'] ?? 1) },
);
