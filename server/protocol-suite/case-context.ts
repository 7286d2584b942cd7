/** What the suite takes from a test runner, and what it gives to every file of cases. */
import type { World } from './world.js';

/** A test runner's functions: vitest's and node:test's fit. */
export interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** What every file of cases gets. */
export interface CaseContext {
  readonly world: World;
  readonly seed: number;
  readonly it: SuiteRunner['it'];
}
