/** Draws what happens from a seed: a list of actions, with a moment of quiet now and then. Plays nothing. */
import type { OperationName } from '../network/tamper.js';
import type { SeededRandom } from '../seeded-random.js';
import {
  actorNames,
  defaultFaultWeights,
  type ActorName,
  type FaultWeights,
  type SimulationAction,
  type SimulationFault,
} from './actions.js';

/** Steps between two moments of quiet: few enough that what is found broken broke not long ago. */
const stepsPerQuiet = 100;

/** Operations whose requests and replies can be lost or late. */
const losable: readonly OperationName[] = [
  'send',
  'acknowledge',
  'keys.upload',
  'keys.status',
  'auth.refresh',
  'keys.bundle',
  'contacts.resolve',
];

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What a schedule is drawn from. */
export interface ScheduleInput {
  readonly random: SeededRandom;
  readonly accounts: number;
  readonly steps: number;
  readonly faults: FaultWeights;
}

interface Drawing {
  readonly random: SeededRandom;
  readonly names: readonly ActorName[];
  readonly step: number;
}

type Maker = (drawing: Drawing) => SimulationAction;

const who = ({ random, names }: Drawing) => random.pick(names);

function pair({ random, names }: Drawing): { who: ActorName; peer: ActorName } {
  const [first, second] = random.shuffle(names) as [ActorName, ActorName];
  return { who: first, peer: second };
}

const commits = ({ random }: Drawing) => 1 + random.integer(6);
const times = ({ random }: Drawing) => 1 + random.integer(3);

const send: Maker = (drawing) => {
  const { random, step } = drawing;
  const { who: from, peer } = pair(drawing);
  const texts = Array.from({ length: 1 + random.integer(4) }, (_, n) => {
    // What ends in a question mark is answered by the other side's handler.
    return `${from} to ${peer}, ${step}.${n}${random.chance(0.2) ? '?' : ''}`;
  });
  return { kind: 'send', who: from, peer, texts };
};

const pass: Maker = ({ random }) => ({
  kind: 'pass',
  durationMs: random.pick([1, 100, 300, 2_000, 30_000]),
});

const lose =
  (part: 'request' | 'reply'): Maker =>
  (drawing) => ({
    kind: 'lose',
    part,
    operation: drawing.random.pick(losable),
    loss: drawing.random.pick(['disconnect', 'silence']),
    times: times(drawing),
  });

const pages =
  (how: 'duplicate' | 'reorder' | 'drop'): Maker =>
  (drawing) => ({ kind: 'pages', how, times: times(drawing) });

/** A fault's makers by their weight within the fault. */
const makers: { readonly [Fault in SimulationFault]: readonly (readonly [number, Maker])[] } = {
  'lost-request': [[1, lose('request')]],
  'lost-reply': [[1, lose('reply')]],
  delay: [
    [
      1,
      (drawing) => ({
        kind: 'delay',
        operation: drawing.random.pick(losable),
        durationMs: drawing.random.pick([5, 200, 5_000, minuteMs]),
        times: times(drawing),
      }),
    ],
  ],
  duplicate: [[1, pages('duplicate')]],
  reorder: [[1, pages('reorder')]],
  'dropped-page': [[1, pages('drop')]],
  disconnect: [
    [2, (drawing) => ({ kind: 'cut', who: who(drawing) })],
    [1, (drawing) => ({ kind: 'unplug', who: who(drawing) })],
    [2, (drawing) => ({ kind: 'plug', who: who(drawing) })],
  ],
  crash: [
    [
      3,
      (drawing) => ({
        kind: 'crash',
        who: who(drawing),
        fate: drawing.random.pick(['die-before', 'die-after']),
        commits: commits(drawing),
      }),
    ],
    [3, (drawing) => ({ kind: 'restart', who: who(drawing) })],
  ],
  kill: [
    [1, (drawing) => ({ kind: 'kill', who: who(drawing) })],
    [1, (drawing) => ({ kind: 'restart', who: who(drawing) })],
  ],
  'storage-failure': [
    [1, (drawing) => ({ kind: 'storage-fails', who: who(drawing), commits: commits(drawing) })],
  ],
  'clock-skew': [
    [
      1,
      (drawing) => ({
        kind: 'skew',
        who: who(drawing),
        byMs: drawing.random.pick([0, 1_000, -1_000, 10 * minuteMs, -10 * minuteMs, 2 * dayMs, -2 * dayMs]),
      }),
    ],
  ],
  'relay-restart': [
    [1, ({ random }) => ({ kind: 'relay-restart', durationMs: random.pick([0, 1_000, minuteMs]) })],
  ],
  'token-expiry': [[1, () => ({ kind: 'expire-tokens' })]],
  'session-reset': [[1, (drawing) => ({ kind: 'reset-sessions', ...pair(drawing) })]],
  block: [
    [1, (drawing) => ({ kind: 'block', ...pair(drawing) })],
    [1, (drawing) => ({ kind: 'unblock', ...pair(drawing) })],
  ],
  'identity-reset': [
    [1, (drawing) => ({ kind: 'reset-identity', who: who(drawing) })],
    [2, (drawing) => ({ kind: 'accept-identity', ...pair(drawing) })],
  ],
  restore: [
    [1, (drawing) => ({ kind: 'snapshot', who: who(drawing) })],
    [1, (drawing) => ({ kind: 'restore', who: who(drawing) })],
  ],
  clone: [
    [1, (drawing) => ({ kind: 'clone', who: who(drawing) })],
    [
      1,
      (drawing) => ({
        kind: 'end-clone',
        who: who(drawing),
        keep: drawing.random.pick(['original', 'copy']),
      }),
    ],
  ],
  recovery: [
    [1, (drawing) => ({ kind: 'back-up', who: who(drawing) })],
    [2, (drawing) => ({ kind: 'recover', who: who(drawing) })],
  ],
  'account-reset': [[1, (drawing) => ({ kind: 'reset-account', who: who(drawing) })]],
};

/** These turn the order of envelopes round: between two moments of quiet with one of them no order of messages is promised. */
const disorderly: ReadonlySet<SimulationFault> = new Set(['reorder', 'dropped-page']);

type Weighted = readonly (readonly [weight: number, maker: Maker])[];

function weighted(faults: FaultWeights, orderly: boolean): Weighted {
  const chosen = Object.entries(makers) as [SimulationFault, Weighted][];
  const disturbing = chosen.flatMap(([fault, parts]) => {
    const weight = faults[fault] ?? defaultFaultWeights[fault];
    if (weight === 0 || (orderly && disorderly.has(fault))) return [];
    const sum = parts.reduce((total, [part]) => total + part, 0);
    return parts.map(([part, maker]) => [(weight * part) / sum, maker] as const);
  });
  return [[10, send], [4, pass], ...disturbing];
}

function pickMaker(random: SeededRandom, choices: Weighted): Maker {
  const sum = choices.reduce((total, [weight]) => total + weight, 0);
  let left = (random.integer(2 ** 32) / 2 ** 32) * sum;
  for (const [weight, maker] of choices) {
    if (left < weight) return maker;
    left -= weight;
  }
  return send;
}

/** The schedule of a seed. It ends in quiet; moments of quiet are not counted as steps. */
export function makeSchedule({ random, accounts, steps, faults }: ScheduleInput): SimulationAction[] {
  const names = actorNames.slice(0, accounts);
  const actions: SimulationAction[] = [];
  for (let step = 0; step < steps;) {
    const orderly = random.chance(0.5);
    const choices = weighted(faults, orderly);
    const end = Math.min(steps, step + stepsPerQuiet);
    for (; step < end; step += 1) actions.push(pickMaker(random, choices)({ random, names, step }));
    actions.push({ kind: 'quiet', orderly });
  }
  return actions;
}
