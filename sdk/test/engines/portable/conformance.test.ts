import { describe, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runEngineConformance, runEngineInterop } from '@sotto/sdk/testing';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

runEngineConformance({ describe, it }, { name: 'portable', create: portableEngine, seed });
runEngineInterop({ describe, it }, { left: portableEngine, right: libsignalEngine, seed });
