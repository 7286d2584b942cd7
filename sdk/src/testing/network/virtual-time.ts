/**
 * Time in a network whose clock only tests move: waiting is driving the clock until something is so, and a
 * world in which nothing is left to happen says so at once instead of hanging.
 */
import { settle } from '../idle.js';
import type { ManualClock } from '../manual-clock.js';

/** Scheduled calls one `until` may run: far more than any scenario needs. */
const maxSteps = 5_000;

/** See the header. */
export class VirtualTime {
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** Lets time pass, and everything happen that falls due. */
  async pass(durationMs: number): Promise<void> {
    const end = this.#clock.monotonicNow() + durationMs;
    await settle();
    for (let next = this.#nextDue(); next !== undefined && next <= end; next = this.#nextDue()) {
      await this.#clock.advanceToNext();
      await settle();
    }
    await this.#clock.advance(Math.max(0, end - this.#clock.monotonicNow()));
    await settle();
  }

  /** Lets time pass until the condition holds. @throws Error when nothing is left that could make it hold */
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let step = 0; step < maxSteps; step += 1) {
      await settle();
      if (await condition()) return;
      await settle();
      if (!(await this.#clock.advanceToNext())) break;
    }
    await settle();
    if (await condition()) return;
    throw new Error(`nothing is left that could happen, and it does not hold: ${what}`);
  }

  #nextDue(): number | undefined {
    const inMs = this.#clock.nextInMs();
    return inMs === undefined ? undefined : this.#clock.monotonicNow() + inMs;
  }
}
