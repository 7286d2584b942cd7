/** What a lie of a relay is: what it rewrites, and what must come of it. Knows no case. */
import type { Stage } from './stage.js';

/** One lie, to read. */
export interface HostileRelayLie {
  /**
   * The fields of the wire that it rewrites, such as `keys.bundle/statement/signature`, `frame:ready/relayTime` or
   * `problem/code`; `*` stands for the items of a list. None where it is about what is told at all: withheld,
   * repeated, in another order.
   */
  readonly about: readonly string[];
  /** What the relay says or does. */
  readonly lie: string;
  /** What must come of it. */
  readonly outcome: string;
}

/** One lie, to tell. */
export interface LieCase extends HostileRelayLie {
  /** Tells it and checks the outcome. The relay is honest before, and again after. */
  readonly run: (stage: Stage) => Promise<void>;
}

/** Lies about one thing. */
export interface LieGroup {
  readonly name: string;
  /** Groups that name the same one share a stage: opening one takes a second or two. */
  readonly stage: string;
  readonly cases: readonly LieCase[];
  /** Sets the stage up for the group, once. */
  readonly prepare?: (stage: Stage) => Promise<void>;
}
