import { describe, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runEngineConformance, runEngineInterop } from '@sotto/sdk/testing';
import { engineOver } from '../../../src/engines/portable/engine.js';
import { systemRandom } from '../../../src/host.js';
import { providers } from './primitives/providers.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

// The fastest of this platform, which is Node's.
runEngineConformance({ describe, it }, { name: 'portable', create: portableEngine, seed });
for (const { name, primitives } of providers.filter((provider) => provider.name !== 'node:crypto')) {
  const create = () => engineOver(primitives(systemRandom));
  runEngineConformance({ describe, it }, { name: `portable over ${name}`, create, seed });
}
runEngineInterop({ describe, it }, { left: portableEngine, right: libsignalEngine, seed });
