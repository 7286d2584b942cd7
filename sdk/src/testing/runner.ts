/** What a conformance suite needs of a test runner. Vitest's, node:test's and mocha's `describe` and `it` fit. */

/** A test runner's two functions. */
export interface ConformanceRunner {
  /** Groups cases. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** One case; it fails when the promise rejects. */
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}
