/** What can happen in a simulated world, as data: a seed makes a list of them, and the list is played. */
import type { Loss } from '../../src/testing/network/tamper.js';
import type { SeededRandom } from '../../src/testing/seeded-random.js';

/** Who takes part. */
export const names = ['alice', 'bob', 'carol'] as const;
export type Name = (typeof names)[number];

/** Operations whose requests and replies can be lost. */
const losable = ['send', 'acknowledge', 'keys.upload', 'keys.status', 'auth.refresh', 'keys.bundle'] as const;

/** One thing that happens. */
export type Action =
  | { readonly kind: 'send'; readonly from: Name; readonly to: Name; readonly texts: readonly string[] }
  /** Time goes by, and what falls due happens. */
  | { readonly kind: 'pass'; readonly durationMs: number }
  /** The next calls of an operation, or their replies, do not get through. */
  | {
      readonly kind: 'lose';
      readonly part: 'request' | 'reply';
      readonly operation: (typeof losable)[number];
      readonly loss: Loss;
      readonly times: number;
    }
  /** The next pages of envelopes come twice, the wrong way round, or not on this connection. */
  | { readonly kind: 'pages'; readonly how: 'duplicate' | 'reorder' | 'drop'; readonly times: number }
  /** The stream of one breaks, and comes back by itself. */
  | { readonly kind: 'cut'; readonly who: Name }
  | { readonly kind: 'unplug'; readonly who: Name }
  | { readonly kind: 'plug'; readonly who: Name }
  /** The process will die at its n-th commit from now on, before or after that is written. */
  | {
      readonly kind: 'crash';
      readonly who: Name;
      readonly when: 'die-before' | 'die-after';
      readonly commits: number;
    }
  | { readonly kind: 'kill'; readonly who: Name }
  | { readonly kind: 'restart'; readonly who: Name }
  /** The storage refuses the n-th commit from now on. */
  | { readonly kind: 'storage-fails'; readonly who: Name; readonly commits: number }
  | { readonly kind: 'reset-sessions'; readonly who: Name; readonly peer: Name }
  | { readonly kind: 'expire-tokens' };

type Maker = (random: SeededRandom, count: number) => Action;

function pair(random: SeededRandom): [Name, Name] {
  const [first, second] = random.shuffle(names);
  return [first!, second!];
}

const commits = (random: SeededRandom) => 1 + random.integer(6);
const who = (random: SeededRandom) => random.pick(names);

/** Makers by weight. Sending and time make up half of what happens, so that there is something to disturb. */
const orderly: readonly (readonly [weight: number, Maker])[] = [
  [
    10,
    (random, count) => {
      const [from, to] = pair(random);
      const texts = Array.from(
        { length: 1 + random.integer(4) },
        (_, n) => `${from} to ${to}, ${count}.${n}`,
      );
      return { kind: 'send', from, to, texts };
    },
  ],
  [4, (random) => ({ kind: 'pass', durationMs: random.pick([1, 100, 300, 2_000, 30_000]) })],
  [
    3,
    (random) => ({
      kind: 'lose',
      part: random.pick(['request', 'reply']),
      operation: random.pick(losable),
      loss: random.pick(['disconnect', 'silence']),
      times: 1 + random.integer(3),
    }),
  ],
  [1, (random) => ({ kind: 'pages', how: 'duplicate', times: 1 + random.integer(3) })],
  [2, (random) => ({ kind: 'cut', who: who(random) })],
  [1, (random) => ({ kind: 'unplug', who: who(random) })],
  [2, (random) => ({ kind: 'plug', who: who(random) })],
  [
    3,
    (random) => ({
      kind: 'crash',
      who: who(random),
      when: random.pick(['die-before', 'die-after']),
      commits: commits(random),
    }),
  ],
  [1, (random) => ({ kind: 'kill', who: who(random) })],
  [4, (random) => ({ kind: 'restart', who: who(random) })],
  [1, (random) => ({ kind: 'storage-fails', who: who(random), commits: commits(random) })],
  [
    1,
    (random) => {
      const [first, peer] = pair(random);
      return { kind: 'reset-sessions', who: first, peer };
    },
  ],
  [1, () => ({ kind: 'expire-tokens' })],
];

/** What also turns the order of envelopes round; no order of messages can then be promised. */
const wild: readonly (readonly [weight: number, Maker])[] = [
  ...orderly,
  [3, (random) => ({ kind: 'pages', how: random.pick(['reorder', 'drop']), times: 1 + random.integer(3) })],
];

/** The schedule of a seed: what happens, and whether the network keeps the order of envelopes. */
export function makeSchedule(random: SeededRandom, length: number): { actions: Action[]; orderly: boolean } {
  const isOrderly = random.chance(0.5);
  const makers = (isOrderly ? orderly : wild).flatMap(([weight, maker]) =>
    Array.from({ length: weight }, () => maker),
  );
  const actions = Array.from({ length }, (_, count) => random.pick(makers)(random, count));
  return { actions, orderly: isOrderly };
}
