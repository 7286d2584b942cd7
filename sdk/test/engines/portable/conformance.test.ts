import { describe, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runEngineConformance } from '@sotto/sdk/testing';

runEngineConformance(
  { describe, it },
  {
    name: 'portable',
    create: portableEngine,
    peer: libsignalEngine,
    seed: Number(process.env['SOTTO_SEED'] ?? 1),
  },
);
