/** Runners of the conformance suites for one scope, where both would do the same heavy work. Knows no suite. */
import { describe, it } from 'vitest';
import type { ConformanceRunner } from '../../../sdk/src/testing/index.js';

/** All of a suite. */
export const whole: ConformanceRunner = { describe, it };

/** A suite without what is thrown at a recipient by the thousand. */
export const peaceful: ConformanceRunner = {
  describe: (name, body) => (name.startsWith('hostile') ? undefined : describe(name, body)),
  it,
};

/** All of it in a worker, and the peaceful part in a page: for code that knows no difference between them. */
export const wholeInWorker = 'document' in globalThis ? peaceful : whole;
