/** The whole suite of the engine port for the portable engine: as a page gets it, and over portable code alone. */
import { describe, it } from 'vitest';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runEngineConformance } from '@sotto/sdk/testing';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

for (const primitives of ['platform', 'noble'] as const) {
  const create = () => portableEngine({ primitives });
  runEngineConformance({ describe, it }, { name: `portable, ${primitives}`, create, seed });
}
