/** Counts results and prints the one line that CI reads. */

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/**
 * @param {readonly Tally[]} parts
 * @returns {Tally}
 */
export function addTallies(parts) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const part of parts) {
    sum.passed += part.passed;
    sum.failed += part.failed;
    sum.skipped += part.skipped;
  }
  return sum;
}

/**
 * `N passed, M failed`, and how many were skipped if any were.
 * @param {Tally} tally
 */
export function describeTally({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
