/** A process's view of a clock: its wall clock may be off, and what it has scheduled dies with it. */
import type { Clock } from '../ports/host.js';

/** See the header. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #offsetMs: () => number;
  readonly #cancels = new Set<() => void>();
  #dead = false;

  /** @param offsetMs - how far the wall clock is off, asked every time */
  constructor(clock: Clock, offsetMs: () => number) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs();
  }

  monotonicNow(): number {
    return this.#clock.monotonicNow();
  }

  schedule(delayMs: number, callback: () => void): () => void {
    if (this.#dead) return () => undefined;
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  /** Nothing of what was scheduled happens any more. */
  kill(): void {
    this.#dead = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
