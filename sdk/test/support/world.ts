/**
 * A test network under a clock that only the test moves, with tokens that outlast most scenarios.
 */
import { manualClock } from '../../src/testing/manual-clock.js';
import { createTestNetwork, deviceHostOf } from '../../src/testing/network/test-network.js';
import type { TestEngine } from '../../src/testing/network/test-engines.js';
import { engineFor } from './engines.js';

const dayMs = 24 * 60 * 60 * 1000;

/** Options of {@link World}. */
export interface WorldOptions {
  /** How long access tokens are good. A month by default: tests that are not about tokens let much time pass. */
  readonly accessTokenTtlMs?: number;
}

const engine: TestEngine = ({ username, random }) => engineFor(username, random);

/** See the header. */
export class World {
  readonly clock = manualClock();
  readonly network;

  constructor(
    readonly seed: string,
    { accessTokenTtlMs = 30 * dayMs }: WorldOptions = {},
  ) {
    this.network = createTestNetwork({ seed, clock: this.clock, engine, accessTokenTtlMs });
  }

  /** What devices of this world are made with. */
  get host() {
    return deviceHostOf(this.network);
  }

  get relay() {
    return this.network.relay;
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.network.settle();
  }

  /** Lets time pass, and everything happen that falls due. */
  pass(durationMs: number): Promise<void> {
    return this.network.pass(durationMs);
  }

  /** Lets time pass until the condition holds. @throws Error when nothing is left that could make it hold */
  until(condition: () => boolean | Promise<boolean>): Promise<void> {
    return this.network.until(condition);
  }
}
