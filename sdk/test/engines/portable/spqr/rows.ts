/**
 * The table of the braid (spec: spqr 4.6) as data, written from the specification and not from the code: what every
 * state sends, and what it makes of every payload of its own epoch.
 */
import type { BraidState } from '../../../../src/engines/portable/spqr/braid.js';
import type { Payload } from '../../../../src/engines/portable/spqr/message.js';

export type StateKind = BraidState['kind'];
export type PayloadKind = Payload['kind'];

export const payloadKinds: readonly PayloadKind[] = ['none', 'hdr', 'ek', 'ekCt1Ack', 'ct1Ack', 'ct1', 'ct2'];

/** What each state sends, and the state after it. */
export const sendRows: Readonly<Record<StateKind, readonly [PayloadKind, StateKind]>> = {
  keysUnsampled: ['hdr', 'keysSampled'],
  keysSampled: ['hdr', 'keysSampled'],
  headerSent: ['ek', 'headerSent'],
  ct1Received: ['ekCt1Ack', 'ct1Received'],
  ekSentCt1Received: ['ct1Ack', 'ekSentCt1Received'],
  noHeaderReceived: ['none', 'noHeaderReceived'],
  headerReceived: ['ct1', 'ct1Sampled'],
  ct1Sampled: ['ct1', 'ct1Sampled'],
  ekReceivedCt1Sampled: ['ct1', 'ekReceivedCt1Sampled'],
  ct1Acknowledged: ['none', 'ct1Acknowledged'],
  ct2Sampled: ['ct2', 'ct2Sampled'],
};

/** How much a payload's chunk was still waited for: whether it is the last one needed. */
export type Wait = 'more' | 'last';

/** What moves a state: the payload, and the state after it where it completes nothing and where it completes. */
export const receiveRows: Readonly<
  Record<StateKind, Partial<Record<PayloadKind, Readonly<Record<Wait, StateKind>>>>>
> = {
  keysUnsampled: {},
  keysSampled: { ct1: { more: 'headerSent', last: 'headerSent' } },
  headerSent: { ct1: { more: 'headerSent', last: 'ct1Received' } },
  ct1Received: { ct2: { more: 'ekSentCt1Received', last: 'ekSentCt1Received' } },
  ekSentCt1Received: { ct2: { more: 'ekSentCt1Received', last: 'noHeaderReceived' } },
  noHeaderReceived: { hdr: { more: 'noHeaderReceived', last: 'headerReceived' } },
  headerReceived: {},
  ct1Sampled: {
    ek: { more: 'ct1Sampled', last: 'ekReceivedCt1Sampled' },
    ekCt1Ack: { more: 'ct1Acknowledged', last: 'ct2Sampled' },
  },
  ekReceivedCt1Sampled: {
    ct1Ack: { more: 'ct2Sampled', last: 'ct2Sampled' },
    ekCt1Ack: { more: 'ct2Sampled', last: 'ct2Sampled' },
  },
  ct1Acknowledged: {
    ek: { more: 'ct1Acknowledged', last: 'ct2Sampled' },
    ekCt1Ack: { more: 'ct1Acknowledged', last: 'ct2Sampled' },
  },
  ct2Sampled: {},
};

/** The row that honest peers never reach (4.9): an acknowledgement without a chunk comes after the vector was acted on. */
export const unreachableRow = 'ekReceivedCt1Sampled ← ct1Ack → ct2Sampled';

/** The names of all rows in which a message of the same or the next epoch moves a state. */
export const movingRows: readonly string[] = [
  ...Object.entries(receiveRows).flatMap(([from, payloads]) =>
    Object.entries(payloads).flatMap(([payload, after]) =>
      [...new Set(Object.values(after))].map((to) => rowName(from as StateKind, payload as PayloadKind, to)),
    ),
  ),
  'ct2Sampled ← next epoch → keysUnsampled',
];

export function rowName(from: StateKind, cause: PayloadKind | 'next epoch', to: StateKind): string {
  return `${from} ← ${cause} → ${to}`;
}
