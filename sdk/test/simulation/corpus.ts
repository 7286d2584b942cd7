/** Worlds that once broke, or that are worth playing every time: each with its reason. A seed that breaks joins them with its fix. */
import type { FaultWeights } from '../../src/testing/simulation/actions.js';
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
}

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
    seed: 'r3',
    steps: 800,
    accounts: 3,
    faults: { restore: 2, clone: 0 },
    engine: 'portable',
    why: 'a late message makes a session current that was left when the device began anew',
  },
  {
    seed: '7ee247126dd6/20',
    steps: 1_820,
    accounts: 3,
    engine: 'portable',
    why: 'a message is asked for again of a device whose clock was set back by days meanwhile',
  },
  {
    seed: 'd1121-3/9',
    steps: 910,
    accounts: 3,
    engine: 'portable',
    why: 'a device is told that it is signed out after its user has looked, because of what a copy of it did',
  },
  {
    seed: 'd1121-2/3',
    steps: 1_810,
    accounts: 3,
    engine: 'portable',
    why: 'a device and its copy use the same key for two messages, of which nobody ever sees the first',
  },
  {
    seed: 'd1121-1/5',
    steps: 400,
    accounts: 3,
    engine: 'portable',
    why: 'more envelopes are held back until nobody can read them than may be asked for in an hour',
  },
  {
    seed: 'r7',
    steps: 1_000,
    accounts: 3,
    faults: { restore: 2, clone: 1 },
    engine: 'portable',
    why: 'older states and copies go on beside keys at the relay that only a lost future knew',
  },
  {
    seed: 'n2211-2/3',
    steps: 1_520,
    accounts: 3,
    engine: 'portable',
    why: 'both of two were brought back within the hour, and one begins a session with keys that the other has lost',
  },
  {
    seed: 'n2211-3/7',
    steps: 1_720,
    accounts: 3,
    engine: 'portable',
    why: 'an envelope of an earlier time comes out of the quarantine of a storage that was brought back',
  },
  {
    seed: 'n2212-2/8',
    steps: 1_120,
    accounts: 3,
    engine: 'portable',
    why: 'a copy sends what the relay refuses, and the original comes with bytes whose answer might have been lost',
  },
  {
    seed: 'n2212-8',
    steps: 1_720,
    accounts: 3,
    engine: 'portable',
    why: 'an envelope that could not be read is kept back once, and comes again when its mark is gone',
  },
];
