/** Counts what happens within a minute, and forgets it with the next. */

const minuteMs = 60_000;

/** See the file's header. */
export class MinuteCount {
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** Counts one more. @returns how many there were in this minute, with it */
  add(now: number): number {
    if (now - this.#since >= minuteMs || now < this.#since) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count;
  }
}
