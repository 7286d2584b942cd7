/** A clock that stands still until a test moves it. */
import type { Clock } from '../ports/host.js';
import { nextTurn } from './turns.js';

/** 2023-11-14T22:13:20Z: a time like any other, the same in every run. */
const defaultStart = 1_700_000_000_000;
/** Calls one `advance` may run: a callback that schedules itself without delay would never end. */
const maxCallsPerAdvance = 1_000_000;

/** See {@link manualClock}. */
export interface ManualClock extends Clock {
  /**
   * Moves both times forward and runs what falls due, in the order of its time, waiting after each
   * call until the microtasks it started have run.
   * @param durationMs - 0 or more
   */
  advance(durationMs: number): Promise<void>;
  /** Moves to the next scheduled call and runs it. @returns false when nothing is scheduled */
  advanceToNext(): Promise<boolean>;
  /** Moves the wall clock alone, back or forth, as a user or a time server does. Nothing falls due. */
  jump(byMs: number): void;
  /** How long until the next scheduled call, or nothing. */
  nextInMs(): number | undefined;
  /** How many calls are scheduled. */
  scheduledCount(): number;
}

interface ScheduledCall {
  readonly dueAt: number;
  readonly callback: () => void;
}

/**
 * Makes a clock that a test moves by hand.
 * @param startMs - the wall-clock time it begins with, milliseconds since the Unix epoch
 */
export function manualClock(startMs: number = defaultStart): ManualClock {
  return new SteppedClock(startMs);
}

class SteppedClock implements ManualClock {
  readonly #calls = new Set<ScheduledCall>();
  #wallOffset: number;
  #elapsed = 0;

  constructor(startMs: number) {
    this.#wallOffset = startMs;
  }

  now(): number {
    return Math.floor(this.#wallOffset + this.#elapsed);
  }

  monotonicNow(): number {
    return this.#elapsed;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const call = { dueAt: this.#elapsed + Math.max(0, delayMs), callback };
    this.#calls.add(call);
    return () => {
      this.#calls.delete(call);
    };
  }

  async advance(durationMs: number): Promise<void> {
    const end = this.#elapsed + durationMs;
    await nextTurn();
    for (let count = 0; count < maxCallsPerAdvance; count += 1) {
      const next = this.#next();
      if (!next || next.dueAt > end) {
        this.#elapsed = end;
        return;
      }
      await this.#run(next);
    }
    throw new Error('manual clock: the scheduled calls do not come to an end');
  }

  async advanceToNext(): Promise<boolean> {
    await nextTurn();
    const next = this.#next();
    if (next) await this.#run(next);
    return next !== undefined;
  }

  jump(byMs: number): void {
    this.#wallOffset += byMs;
  }

  nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.dueAt - this.#elapsed;
  }

  scheduledCount(): number {
    return this.#calls.size;
  }

  /** The earliest; of those due at the same time the one scheduled first. */
  #next(): ScheduledCall | undefined {
    let earliest: ScheduledCall | undefined;
    for (const call of this.#calls) if (!earliest || call.dueAt < earliest.dueAt) earliest = call;
    return earliest;
  }

  async #run(call: ScheduledCall): Promise<void> {
    this.#calls.delete(call);
    this.#elapsed = Math.max(this.#elapsed, call.dueAt);
    call.callback();
    await nextTurn();
  }
}
