/**
 * Worlds that are worth playing every time, and worlds that broke before something was mended. Such a one is proved:
 * with the mend undone (`undone` says what) it breaks in its last ten steps, and with it it holds. A change of what the
 * product draws moves every seed: a world then plays something else, and another is looked for in the same way, with
 * the mend undone and the faults raised that belong to the defect. A seed that breaks joins them with its fix.
 */
import { defaultFaultWeights, type FaultWeights } from '../../src/testing/simulation/actions.js';
import type { EngineName } from '../support/engines.js';

/** A world to play again. */
export interface CorpusEntry {
  readonly seed: string;
  readonly steps: number;
  readonly accounts: number;
  readonly faults?: FaultWeights;
  /** On both engines where it is absent. */
  readonly engine?: EngineName;
  readonly why: string;
  /** The mend without which it breaks. Absent where none is shown: such a world is played for what it is. */
  readonly undone?: string;
}

/** No fault but those that are named beside it: what belongs to one defect alone comes together soon. */
const none: FaultWeights = Object.fromEntries(Object.keys(defaultFaultWeights).map((name) => [name, 0]));

/** See the header. */
export const corpus: readonly CorpusEntry[] = [
  {
    seed: 'newcomers',
    steps: 150,
    accounts: 4,
    faults: { 'identity-reset': 4 },
    why: 'identities change faster than anybody can accept them',
  },
  {
    seed: 'quarrel',
    steps: 200,
    accounts: 3,
    faults: { block: 6, 'session-reset': 3 },
    why: 'blocks and unblocks while messages and their repeats are on their way',
  },
  {
    seed: 'flicker',
    steps: 200,
    accounts: 2,
    faults: { crash: 12, 'storage-failure': 8, 'lost-reply': 8 },
    why: 'nearly every commit dies or fails, and nearly every answer is lost',
  },
  {
    seed: 'crowd',
    steps: 150,
    accounts: 8,
    why: 'eight accounts, so that lanes, look-ups and receipts of many meet in one writer',
  },
  {
    seed: 'held-back 6',
    steps: 300,
    accounts: 2,
    faults: { 'dropped-page': 8, disconnect: 5, restore: 0, clone: 0, 'identity-reset': 0, block: 0 },
    engine: 'portable',
    why: 'more envelopes are held back until nobody can read them than may be asked for in an hour',
    undone: 'the checker lets messages go that were too many to be asked for (`#hasAskedOut`)',
  },
  {
    seed: 'copies 14',
    steps: 100,
    accounts: 2,
    faults: {
      ...{ clone: 5, restore: 1, 'lost-request': 8, 'lost-reply': 4, delay: 4 },
      ...{ 'token-expiry': 2, block: 1, 'identity-reset': 1 },
    },
    engine: 'portable',
    why: 'older states and copies go on beside keys at the relay that only a lost future knew',
    undone: "keys at the relay that are not the device's own are replaced (`#strangersOut`)",
  },
  {
    seed: 'older2 3',
    steps: 100,
    accounts: 2,
    faults: { ...none, restore: 8, 'dropped-page': 4, delay: 3, 'lost-request': 3 },
    engine: 'portable',
    why: 'both of two were brought back within the hour, and one begins a session with keys that the other has lost',
    undone: 'a session is begun anew more than once an hour (`maxSessionRenewals`)',
  },
  {
    seed: 'again 136',
    steps: 110,
    accounts: 2,
    faults: {
      ...{ 'identity-reset': 2, restore: 1.5, clone: 0, block: 0, 'clock-skew': 0, crash: 6 },
      ...{ 'dropped-page': 8, disconnect: 8, 'lost-request': 6, 'lost-reply': 6 },
    },
    engine: 'portable',
    why: 'an envelope that waits in quarantine is kept back once, and shown again',
    undone: 'what waits already is not told again (`isSetAside`)',
  },
  {
    seed: 'former 2',
    steps: 200,
    accounts: 2,
    faults: { ...none, restore: 6, 'identity-reset': 2 },
    engine: 'portable',
    why: 'an envelope of an earlier time comes out of the quarantine of a storage that was brought back',
    undone: 'the checker knows who sent what before the last quiet (`senderOf`)',
  },
  {
    seed: 'two 25',
    steps: 80,
    accounts: 2,
    faults: { ...none, clone: 12, kill: 8, 'lost-request': 25 },
    engine: 'portable',
    why: 'a late message makes a session current that a device left when it began anew beside its copy',
    undone: 'sessions that are left lie apart, and are not only archived (`leaveAll`)',
  },
  {
    seed: 'set-back 10',
    steps: 200,
    accounts: 2,
    faults: { ...none, 'clock-skew': 5, 'dropped-page': 10, disconnect: 7 },
    engine: 'portable',
    why: 'a message is asked for again of a device whose clock was set wrong by days meanwhile',
    undone: "the age of what was sent is judged by the relay's clock (`isOver` of the send log)",
  },
  {
    seed: 'older2 7',
    steps: 90,
    accounts: 2,
    faults: { ...none, restore: 8, 'dropped-page': 4, delay: 3, 'lost-request': 3 },
    engine: 'portable',
    why: 'a message that has had its effect is kept back once, and shown again when its session was left',
    undone: 'the checker knows that a session of before may be gone (`isOfLeftSession`)',
  },
  {
    seed: 'two 1',
    steps: 100,
    accounts: 2,
    faults: { ...none, clone: 12, kill: 8, 'lost-request': 25 },
    engine: 'portable',
    why: 'devices and their copies take turns, and much of what they send is lost',
  },
  {
    seed: 'refusal 1',
    steps: 100,
    accounts: 2,
    faults: { ...none, clone: 12, kill: 8, 'identity-reset': 5 },
    engine: 'portable',
    why: 'devices and their copies take turns, and write to who has begun anew under another key',
  },
  {
    seed: 'anew 1',
    steps: 100,
    accounts: 2,
    faults: { ...none, restore: 5, crash: 12, 'dropped-page': 10, disconnect: 5, 'lost-request': 5 },
    engine: 'portable',
    why: 'older states get what they cannot read, die before they have confirmed it, and are shown it late',
  },
];
