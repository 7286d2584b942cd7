/** How statements are prepared: their names, and how they are planned. Knows no statement and no driver. */

/**
 * Statements kept prepared on one connection. The relay has some fifty; the bound is for a text that is no
 * constant, which would fill the server's memory.
 */
const maxPreparedStatements = 256;

/**
 * For connections that keep statements prepared. A kept plan must be right for tables of any size, also
 * those that were empty when it was made: every statement of the relay finds its rows through an index, so
 * plans that read a whole table are ruled out, and one plan serves all parameters. (Without `jit = off`
 * the penalty on such plans would count as a reason to compile them.)
 */
export const preparedPlanSettings = [
  'SET plan_cache_mode = force_generic_plan',
  'SET enable_seqscan = off',
  'SET enable_hashjoin = off',
  'SET enable_mergejoin = off',
  'SET jit = off',
].join('; ');

/** Names of statements, by their text. One for all connections of a database. */
export class StatementNames {
  readonly #names = new Map<string, string>();

  /** The name of a text, the same every time; `undefined` when it is not to be prepared. */
  nameOf(sql: string): string | undefined {
    const known = this.#names.get(sql);
    if (known !== undefined || this.#names.size >= maxPreparedStatements) return known;
    const name = `sotto_${this.#names.size + 1}`;
    this.#names.set(sql, name);
    return name;
  }
}
