/** Waiting for a state instead of for time. Knows nothing of what happens. */

/** A suite that waits longer than this for something has found that it does not happen. */
const patienceMs = 10_000;

/** Says when something happened, so that conditions are looked at again. */
export class Happenings {
  readonly #waiting = new Set<() => void>();

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
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const timer = setTimeout(() => {
        end(() => {
          reject(new Error(`waited in vain for: ${what}`));
        });
      }, patienceMs);
      const look = () => {
        if (condition()) end(resolve);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
