/** A random schedule of deaths that a seed repeats. Knows no process. */
import { seededRandom } from '@sotto/sdk/testing';

/** Who dies when. */
export interface Death {
  /** Once this many messages have taken effect, on both sides together. */
  readonly afterEffects: number;
  readonly who: 'alice' | 'bob' | 'relay';
  /** The fault itself comes this much later, so that it hits any step, not only the end of one. */
  readonly delayMs: number;
}

const maxDelayMs = 40;
/** Of ten deaths, how many are whose. A relay's takes everybody's connection along. */
const candidates: readonly Death['who'][] = [
  ...(['alice', 'alice', 'alice', 'alice'] as const),
  ...(['bob', 'bob', 'bob', 'bob'] as const),
  ...(['relay', 'relay'] as const),
];

/** Deaths spread over a run, everybody at least once. */
export function makeSchedule(seed: number, options: { deaths: number; effects: number }): Death[] {
  const random = seededRandom(seed);
  const first: readonly Death['who'][] = ['alice', 'bob', 'relay'];
  return Array.from({ length: options.deaths }, (_, index) => ({
    // The last ones must still meet messages on their way.
    afterEffects: random.integer(Math.floor(options.effects * 0.95)),
    who: first[index] ?? random.pick(candidates),
    delayMs: random.integer(maxDelayMs),
  })).sort((one, other) => one.afterEffects - other.afterEffects);
}
