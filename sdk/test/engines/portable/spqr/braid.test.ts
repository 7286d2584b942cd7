import { describe, expect, it } from 'vitest';
import type { Braid } from '../../../../src/engines/portable/spqr/braid.js';
import { braidReceive } from '../../../../src/engines/portable/spqr/braid-receive.js';
import { braidSend } from '../../../../src/engines/portable/spqr/braid-send.js';
import type { Payload } from '../../../../src/engines/portable/spqr/message.js';
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import { playEpoch, stateOf } from './epoch-fixture.js';
import { payloadKinds, receiveRows, sendRows, type PayloadKind, type StateKind } from './rows.js';
import { reasonOf } from './support.js';

const fixture = playEpoch('braid');
const { states, fresh } = fixture;
const kinds = Object.keys(sendRows) as StateKind[];

function receive(braid: Braid, epoch: number, payload: Payload): Braid | string {
  try {
    return braidReceive(braid, epoch, payload).braid;
  } catch (error) {
    return reasonOf(error);
  }
}

describe('the table', () => {
  it('is tested in every state', () => {
    expect([...new Set(states.map(({ braid }) => braid.state.kind))].sort()).toEqual([...kinds].sort());
    expect(Object.keys(receiveRows).sort()).toEqual([...kinds].sort());
    expect(Object.values(fresh).map(({ kind }) => kind)).toEqual(payloadKinds);
  });

  // States that collect chunks come twice: waiting for more than one chunk, and for the last.
  it.each(states.map(({ braid, wait }) => [braid.state.kind, wait, braid] as const))(
    '%s (waiting for %s) receives',
    (kind, wait, braid) => {
      for (const payload of payloadKinds) {
        const after = receive(braid, braid.epoch, fresh[payload]) as Braid;
        const expected = receiveRows[kind][payload]?.[wait];
        const label = `${kind} ← ${payload}`;
        // What a payload does not move stays the very same object.
        if (!expected) expect(after, label).toBe(braid);
        else expect([label, after.state.kind]).toEqual([label, expected]);
        if (expected) expect(after, label).not.toBe(braid);
        const ends = kind === 'ekSentCt1Received' && expected === 'noHeaderReceived';
        expect(after.epoch, label).toBe(braid.epoch + (ends ? 1 : 0));
      }
    },
  );

  it.each(kinds)('%s sends', (kind) => {
    const braid = stateOf(fixture, kind);
    const sent = braidSend(braid, seededRandom('sending'));
    expect([sent.payload.kind, sent.braid.state.kind]).toEqual(sendRows[kind]);
    expect(sent.braid.epoch).toBe(braid.epoch);
    expect(sent.secret !== undefined).toBe(kind === 'headerReceived');
  });

  it.each(kinds)('%s takes no word of an earlier epoch', (kind) => {
    const braid = { ...stateOf(fixture, kind), epoch: 2 };
    for (const payload of payloadKinds) expect(receive(braid, 1, fresh[payload])).toBe(braid);
  });

  it.each(kinds)('%s meets a later epoch', (kind) => {
    const braid = stateOf(fixture, kind);
    for (const payload of payloadKinds) {
      const next = receive(braid, 2, fresh[payload]);
      if (kind === 'ct2Sampled') {
        const { authenticator } = braid;
        expect(next).toEqual({ epoch: 2, authenticator, state: { kind: 'keysUnsampled' } });
      } else expect(next).toBe('EpochOutOfRange');
      for (const epoch of [3, 2 ** 40, Infinity]) {
        expect(receive(braid, epoch, fresh[payload])).toBe('EpochOutOfRange');
      }
    }
  });
});

describe('an epoch', () => {
  it('ends with one secret on both sides, of which each speaks once', () => {
    const owner = braidReceive(stateOf(fixture, 'ekSentCt1Received', 'last'), 1, fresh.ct2);
    expect(owner.secret).toEqual(fixture.secret);
    const encapsulator = stateOf(fixture, 'ct2Sampled');
    expect(encapsulator.authenticator).toEqual(owner.braid.authenticator);
    expect(owner.secret!.secret).toHaveLength(32);
  });

  it('begins the encoders of its second half anew', () => {
    const { state } = stateOf(fixture, 'ct2Sampled');
    expect(state).toMatchObject({ ciphertext2: { sent: 0 } });
    const headerSent = receive(stateOf(fixture, 'keysSampled'), 1, fresh.ct1) as Braid;
    expect(headerSent.state).toMatchObject({ vectorSent: 0 });
  });

  it('acts on an acknowledgement without a chunk, which no honest peer sends there', () => {
    const braid = stateOf(fixture, 'ekReceivedCt1Sampled');
    const byChunk = receive(braid, 1, fresh.ekCt1Ack) as Braid;
    expect(receive(braid, 1, { kind: 'ct1Ack' })).toEqual(byChunk);
    expect(byChunk.state).toEqual(stateOf(fixture, 'ct2Sampled').state);
  });
});

describe('a forged chunk', () => {
  const forgedChunk = (payload: Payload): Payload => {
    if (!('chunk' in payload)) throw new Error('no chunk to forge');
    const bytes = payload.chunk.bytes.slice();
    bytes[5] = bytes[5]! ^ 1;
    return { ...payload, chunk: { ...payload.chunk, bytes } };
  };

  it.each<[StateKind, PayloadKind, string]>([
    ['noHeaderReceived', 'hdr', 'MacVerifyFailed'],
    ['ekSentCt1Received', 'ct2', 'MacVerifyFailed'],
    ['ct1Sampled', 'ek', 'ErroneousDataReceived'],
    ['ct1Sampled', 'ekCt1Ack', 'ErroneousDataReceived'],
    ['ct1Acknowledged', 'ek', 'ErroneousDataReceived'],
    ['ct1Acknowledged', 'ekCt1Ack', 'ErroneousDataReceived'],
  ])('that completes %s by %s is refused, and the genuine one is still taken', (kind, payload, reason) => {
    const braid = stateOf(fixture, kind, 'last');
    const before = structuredClone(braid);
    expect(receive(braid, 1, forgedChunk(fresh[payload]))).toBe(reason);
    expect(braid).toEqual(before);
    const after = receive(braid, 1, fresh[payload]) as Braid;
    expect(after.state.kind).toBe(receiveRows[kind][payload]!.last);
  });

  it('of the first part of a ciphertext shows at the end of the epoch', () => {
    let braid = receive(stateOf(fixture, 'headerSent', 'last'), 1, forgedChunk(fresh.ct1)) as Braid;
    expect(braid.state.kind).toBe('ct1Received');
    const encapsulator = stateOf(fixture, 'ct2Sampled');
    let sent = braidSend(encapsulator, seededRandom('unused'));
    for (let chunk = 0; chunk < 4; chunk += 1) {
      braid = receive(braid, 1, sent.payload) as Braid;
      sent = braidSend(sent.braid, seededRandom('unused'));
    }
    expect(receive(braid, 1, sent.payload)).toBe('MacVerifyFailed');
  });

  it('is displaced by the genuine one with the same index', () => {
    const first = stateOf(fixture, 'noHeaderReceived');
    let braid = receive(first, 1, forgedChunk(fresh.hdr)) as Braid;
    braid = receive(braid, 1, fresh.hdr) as Braid;
    expect(braid).toEqual(receive(first, 1, fresh.hdr));
  });
});
