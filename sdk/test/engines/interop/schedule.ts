/** What can happen between two devices, as plain data, and how a seed makes a row of it. Knows no engine. */
import { seededRandom } from '../../../src/testing/index.js';

/** One of the two devices. */
export type SideName = 'alice' | 'bob';

/** Something that happens. `nth` picks one of the messages under way to a device, modulo their number. */
export type Happening =
  | { readonly kind: 'send'; readonly from: SideName }
  | { readonly kind: 'deliver'; readonly to: SideName; readonly nth: number }
  /** Delivers a copy; the original stays under way. */
  | { readonly kind: 'duplicate'; readonly to: SideName; readonly nth: number }
  | { readonly kind: 'drop'; readonly to: SideName; readonly nth: number }
  /** Delivers everything under way, oldest first. */
  | { readonly kind: 'drain'; readonly to: SideName }
  /** Puts the current session aside; the next send begins a new one from a fresh bundle. */
  | { readonly kind: 'archive'; readonly by: SideName }
  /** Begins a new session although there is one. */
  | { readonly kind: 'restart'; readonly by: SideName }
  /** Keeps the records of a device as they are now. */
  | { readonly kind: 'snapshot'; readonly of: SideName }
  /** Puts them back, then archives, as a device does that notices. */
  | { readonly kind: 'restore'; readonly of: SideName };

/** How a row of happenings is made. Chances are per message, from 0 to 1. */
export interface Weather {
  readonly name: string;
  readonly loss: number;
  readonly duplication: number;
  /** Chance that a delivery takes any message under way instead of the oldest. */
  readonly disorder: number;
  /** Longest burst of one side. */
  readonly maxBurst: number;
  /** Share of the bursts that are alice's. */
  readonly aliceShare: number;
  /** Chance per burst of an archive or a restart. */
  readonly renewal: number;
  /** Chance per burst of a snapshot, and as often of a restore. */
  readonly rollback: number;
}

/** A quiet network. */
export const calm: Weather = {
  name: 'calm',
  loss: 0,
  duplication: 0,
  disorder: 0,
  maxBurst: 1,
  aliceShare: 0.5,
  renewal: 0,
  rollback: 0,
};

/** Makes happenings for so many messages. The same seed makes the same row. */
export function* happenings(weather: Weather, messages: number, seed: string): Generator<Happening> {
  const random = seededRandom(`${weather.name}/${seed}`);
  for (let sent = 0; sent < messages;) {
    const from: SideName = random.chance(weather.aliceShare) ? 'alice' : 'bob';
    const to: SideName = from === 'alice' ? 'bob' : 'alice';
    if (random.chance(weather.renewal))
      yield { kind: random.pick(['archive', 'restart'] as const), by: from };
    if (random.chance(weather.rollback)) yield { kind: 'snapshot', of: from };
    if (random.chance(weather.rollback)) yield { kind: 'restore', of: from };
    const burst = 1 + random.integer(weather.maxBurst);
    for (let count = 0; count < burst; count += 1, sent += 1) yield { kind: 'send', from };
    for (let count = 0; count < burst; count += 1) yield arrival(weather, to, random);
    if (random.chance(0.02)) yield { kind: 'drain', to };
  }
  yield { kind: 'drain', to: 'alice' };
  yield { kind: 'drain', to: 'bob' };
}

function arrival(weather: Weather, to: SideName, random: ReturnType<typeof seededRandom>): Happening {
  const nth = random.chance(weather.disorder) ? random.integer(2 ** 16) : 0;
  if (random.chance(weather.loss)) return { kind: 'drop', to, nth };
  if (random.chance(weather.duplication)) return { kind: 'duplicate', to, nth };
  return { kind: 'deliver', to, nth };
}
