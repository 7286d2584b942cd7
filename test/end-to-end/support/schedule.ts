/** A random schedule of deaths that a seed repeats. Knows no process. */

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

/** Numbers from 0 (inclusive) to 1 (exclusive): mulberry32. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Deaths spread over a run, everybody at least once. */
export function makeSchedule(seed: number, options: { deaths: number; effects: number }): Death[] {
  const next = seededNumbers(seed);
  const first: readonly Death['who'][] = ['alice', 'bob', 'relay'];
  return Array.from({ length: options.deaths }, (_, index) => ({
    afterEffects: Math.floor(next() * options.effects * 0.95),
    who: first[index] ?? (candidates[Math.floor(next() * candidates.length)] as Death['who']),
    delayMs: Math.floor(next() * maxDelayMs),
  })).sort((one, other) => one.afterEffects - other.afterEffects);
}
