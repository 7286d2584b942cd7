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

/**
 * Reads a total back from the end of what a script printed.
 * @param {string} output
 * @returns {Tally | undefined} Undefined when there is no such line.
 */
export function parseTally(output) {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  if (!last) return undefined;
  return { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3] ?? 0) };
}
