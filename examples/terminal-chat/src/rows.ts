/** How many rows of a terminal a text takes, where that can be known for sure. */

/** Characters that every terminal draws one column wide: Latin, Greek, Cyrillic, and the marks of this program. */
const singleColumn = /^[ -~\u00a0-\u00ac\u00ae-\u024f\u0370-\u0482\u048a-\u052f\u2013-\u2026→✓✗]*$/;

/**
 * The rows of a text, or nothing where it has characters whose width terminals do not agree on.
 * @param columns - of the terminal; 0 where it does not say
 */
export function rowsOf(text: string, columns: number): number | undefined {
  if (columns <= 0) return undefined;
  let rows = 0;
  for (const line of text.split('\n')) {
    if (!singleColumn.test(line)) return undefined;
    rows += Math.max(1, Math.ceil(line.length / columns));
  }
  return rows;
}
