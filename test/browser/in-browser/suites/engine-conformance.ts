/**
 * The whole suite of the engine port for the portable engine: as a page gets it, and over portable code alone,
 * which is the same in a page and a worker.
 */
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runEngineConformance, type ConformanceRunner } from '@sotto/sdk/testing';
import { whole, wholeInWorker } from '../peaceful.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

const runners: Readonly<Record<'platform' | 'noble', ConformanceRunner>> = {
  platform: whole,
  noble: wholeInWorker,
};

for (const primitives of ['platform', 'noble'] as const) {
  const create = () => portableEngine({ primitives });
  runEngineConformance(runners[primitives], { name: `portable, ${primitives}`, create, seed });
}
