/**
 * A test network under a clock that only the test moves: waiting is driving the clock until something
 * is so, and a world in which nothing is left to happen says so at once instead of hanging.
 */
import { platformScrypt } from '../../src/platform-scrypt.js';
import { manualClock } from '../../src/testing/manual-clock.js';
import { createTestNetwork } from '../../src/testing/network/test-network.js';
import { settle } from './idle.js';

const dayMs = 24 * 60 * 60 * 1000;

/** Options of {@link World}. */
export interface WorldOptions {
  /** How long access tokens are good. A month by default: tests that are not about tokens let much time pass. */
  readonly accessTokenTtlMs?: number;
}

/** Scheduled calls one `until` may run: far more than any scenario needs. */
const maxSteps = 5_000;

/** See the header. */
export class World {
  readonly clock = manualClock();
  readonly network;

  #engines = 0;

  constructor(
    readonly seed: string,
    { accessTokenTtlMs = 30 * dayMs }: WorldOptions = {},
  ) {
    const { clock } = this;
    // The relay derives contact codes natively: the portable scrypt would dominate the run.
    this.network = createTestNetwork({ seed, clock, accessTokenTtlMs, scrypt: platformScrypt });
  }

  /** Numbers the engines of this world: no two draw the same keys, not even for one name. */
  nextEngine(): number {
    return (this.#engines += 1);
  }

  get relay() {
    return this.network.relay;
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return settle();
  }

  /** Lets time pass, and everything happen that falls due. */
  async pass(durationMs: number): Promise<void> {
    const end = this.clock.monotonicNow() + durationMs;
    await settle();
    for (let next = this.#nextDue(); next !== undefined && next <= end; next = this.#nextDue()) {
      await this.clock.advanceToNext();
      await settle();
    }
    await this.clock.advance(end - this.clock.monotonicNow());
    await settle();
  }

  /**
   * Lets time pass until the condition holds.
   * @throws Error when nothing is left that could make it hold
   */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let step = 0; step < maxSteps; step += 1) {
      await settle();
      if (await condition()) return;
      await settle();
      if (!(await this.clock.advanceToNext())) break;
    }
    await settle();
    if (await condition()) return;
    throw new Error(`nothing is left that could happen in world ${this.seed}: ${condition.toString()}`);
  }

  #nextDue(): number | undefined {
    const inMs = this.clock.nextInMs();
    return inMs === undefined ? undefined : this.clock.monotonicNow() + inMs;
  }
}
