/** Collects cases like a test runner, runs them and says how each ended. Runs in a page or a worker. */

/** How a case ended. */
export interface CaseResult {
  readonly name: string;
  /** What it failed with; absent when it passed. */
  readonly error?: string;
}

/** How long one case may take. */
const caseTimeoutMs = 60_000;

async function withTimeout(body: () => Promise<void> | void): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${caseTimeoutMs} ms`)), caseTimeoutMs);
  });
  await Promise.race([body(), late]).finally(() => clearTimeout(timer));
}

/** Its `describe` and `it` fit the conformance suites. */
export class Cases {
  readonly #cases: { name: string; body: () => Promise<void> | void }[] = [];
  readonly #groups: string[] = [];

  readonly describe = (name: string, body: () => void): void => {
    this.#groups.push(name);
    body();
    this.#groups.pop();
  };

  readonly it = (name: string, body: () => Promise<void> | void): void => {
    this.#cases.push({ name: [...this.#groups, name].join(' > '), body });
  };

  /** Runs all cases, one after the other. */
  async run(): Promise<CaseResult[]> {
    const results: CaseResult[] = [];
    for (const { name, body } of this.#cases) {
      const error = await withTimeout(body).then(
        () => undefined,
        (reason: unknown) => (reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)),
      );
      results.push(error === undefined ? { name } : { name, error });
    }
    return results;
  }
}
