/** What a step of the schema is. Knows no database. */

/** One step of the schema. Once released it is never changed: a correction is another step. */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  /** For people and for noticing that two programs disagree about a version. */
  readonly name: string;
  /** Statements, run in order in one transaction. One statement per entry. */
  readonly sql: readonly string[];
}
