/** Waiting for a state instead of for time. Knows nothing of what happens. */

/** Says when something happened, so that conditions are looked at again. */
export class Happenings {
  readonly #patienceMs: number;
  readonly #waiting = new Set<() => void>();

  /** @param patienceMs - what has not happened after this long does not happen */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Something happened. */
  happened(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Resolves once the condition holds.
   * @param what - named in the failure
   * @throws Error when it does not come to hold
   */
  until(condition: () => boolean, what: string): Promise<void> {
    let look: () => void = () => undefined;
    const holds = new Promise<void>((resolve) => {
      look = () => {
        if (condition()) resolve();
      };
    });
    this.#waiting.add(look);
    look();
    return inTime(holds, this.#patienceMs, what).finally(() => this.#waiting.delete(look));
  }
}

/**
 * The outcome of some work, if it comes in time.
 * @param what - named in the failure
 * @throws Error when it does not
 */
export function inTime<Result>(work: Promise<Result>, timeMs: number, what: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`waited in vain for: ${what}`));
    }, timeMs);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
