import { describe, expect, it } from 'vitest';
import type { BraidState } from '../../../../src/engines/portable/spqr/braid.js';
import { sendKey } from '../../../../src/engines/portable/spqr/chain.js';
import { spqrReceive, spqrSend, type SpqrState } from '../../../../src/engines/portable/spqr/ratchet.js';
import { noSkippedKeys, SkippedKeys } from '../../../../src/engines/portable/records/skipped-keys.js';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/seeded-random.js';
import { sendRows } from './rows.js';
import { decodeState, encodeState, pair } from './support.js';

/** The first and the last state of every kind that a conversation with losses goes through. */
async function statesOnTheWay(): Promise<Map<string, SpqrState>> {
  const random = seededRandom('states on the way');
  const { initiator, responder } = pair('states on the way');
  const states = new Map<string, SpqrState>();
  for (let step = 0; step < 3_000; step += 1) {
    // First one direction is worse, then the other, so that each side waits for each thing.
    const loss = step % 1_000 < 500 ? [0.7, 0.1] : [0.1, 0.7];
    for (const [nth, from, to] of [
      [0, initiator, responder],
      [1, responder, initiator],
    ] as const) {
      const { message } = from.send();
      note(states, from.state);
      if (!random.chance(loss[nth]!)) await to.receive(message);
      note(states, to.state);
    }
  }
  return states;
}

function note(states: Map<string, SpqrState>, state: SpqrState): void {
  const { kind } = state.braid.state;
  if (!states.has(`${kind}, first`)) states.set(`${kind}, first`, state);
  states.set(`${kind}, last`, state);
}

const states = await statesOnTheWay();
const kinds = Object.keys(sendRows) as BraidState['kind'][];

/** `engine-record-invalid`, or what was read. */
function read(bytes: Uint8Array): SpqrState | string {
  try {
    return decodeState(bytes);
  } catch (error) {
    if (isSottoError(error, 'engine-record-invalid')) return error.code;
    throw error;
  }
}

describe('a state', () => {
  it('is tested in every kind', () => {
    expect(new Set([...states.values()].map(({ braid }) => braid.state.kind))).toEqual(new Set(kinds));
  });

  it.each([...states])('%s comes back from its bytes', (_, state) => {
    const bytes = encodeState(state);
    const again = decodeState(bytes);
    expect(structuredClone(again)).toEqual(structuredClone(state));
    expect(encodeState(again)).toEqual(bytes);
  });

  it.each([...states])('%s is never read from a part of its bytes', (_, state) => {
    const bytes = encodeState(state);
    for (let length = 0; length < bytes.length; length += 1 + (length >> 6)) {
      expect(read(bytes.subarray(0, length))).toBe('engine-record-invalid');
    }
  });

  it('keeps an object it sends once', () => {
    const lengths = kinds.map((kind) => [kind, encodeState(states.get(`${kind}, first`)!).length] as const);
    const { keysUnsampled, ...others } = Object.fromEntries(lengths) as Record<BraidState['kind'], number>;
    expect(keysUnsampled).toBeLessThan(460);
    expect(others.keysSampled).toBeLessThan(460 + 2_400 + 96 + 8);
    expect(others.headerSent).toBeLessThan(460 + 2_400 + 34 + 8);
    expect(others.ct1Sampled).toBeLessThan(460 + 64 + 96 + 960 + 8);
    expect(others.ct2Sampled).toBeLessThan(460 + 160 + 8);
  });
});

describe('a record whose parts do not fit together', () => {
  const state = states.get('headerSent, first')!;
  const { braid, chain } = state;
  const link = chain.links[0]!;
  const broken: Record<string, SpqrState> = {
    'the role of the other side': { ...state, chain: { ...chain, role: 'responder' } },
    'an epoch without its chains': { ...state, braid: { ...braid, epoch: braid.epoch + 2 } },
    'epoch 0': { ...state, braid: { ...braid, epoch: 0 } },
    'too many chains': { ...state, chain: { ...chain, links: Array.from({ length: 4 }, () => link) } },
    'an epoch to send in that has no chain': {
      ...state,
      chain: { ...chain, sendEpoch: chain.sendEpoch + 5 },
    },
    'an epoch to send in that is not reached': sentTooFar(),
    'a chunk held twice': {
      ...state,
      braid: {
        ...braid,
        state: { ...(braid.state as Extract<BraidState, { kind: 'headerSent' }>), ciphertext1: heldTwice() },
      },
    },
  };

  function sentTooFar(): SpqrState {
    const sampled = states.get('ct1Sampled, first')!;
    return { ...sampled, chain: sendKey(sampled.chain, sampled.braid.epoch).chain };
  }

  function heldTwice() {
    const { ciphertext1 } = braid.state as Extract<BraidState, { kind: 'headerSent' }>;
    const held = new Uint8Array(68);
    held.set(ciphertext1.held.subarray(0, 34));
    held.set(ciphertext1.held.subarray(0, 34), 34);
    return { ...ciphertext1, held };
  }

  it('would be read if they did', () => {
    expect(chain.role).toBe('initiator');
    expect(read(encodeState(state))).not.toBe('engine-record-invalid');
  });

  it.each(Object.entries(broken))('is refused: %s', (_, spoilt) => {
    expect(read(encodeState(spoilt))).toBe('engine-record-invalid');
  });

  it('is refused: no chain, a kind that is none, a flag that is none', () => {
    const bytes = encodeState(state);
    const kindAt = 2 + 1 + 64;
    expect(bytes[kindAt]).toBe(3);
    for (const kind of [0, 12, 255]) expect(read(bytes.with(kindAt, kind))).toBe('engine-record-invalid');
    for (const at of [0, 1]) expect(read(bytes.with(at, 2))).toBe('engine-record-invalid');
  });
});

const fuzzRuns = process.env['SLOW'] === '1' ? 400_000 : 20_000;

describe('a damaged record', () => {
  it(
    'is refused, or read as a state that goes wrong in typed ways only',
    { timeout: 3_600_000 },
    async () => {
      const seed = 'damaged records';
      const random = seededRandom(seed);
      const records = [...states.values()].map(encodeState);
      const messages = [...states.values()].map((state) => spqrSend(state, random).message);
      const counts = { refused: 0, read: 0 };
      for (let run = 0; run < fuzzRuns; run += 1) {
        const state = read(damaged(random.pick(records), random));
        counts[typeof state === 'string' ? 'refused' : 'read'] += 1;
        // Using a state may cost a key pair: not for every one of them.
        if (typeof state === 'string' || run % 10 > 0) continue;
        await useOf(state, random.pick(messages), random).catch((cause: unknown) => {
          throw new Error(`seed ${seed} run ${run}`, { cause });
        });
      }
      expect(counts.refused).toBeGreaterThan(fuzzRuns / 10);
      expect(counts.read).toBeGreaterThan(fuzzRuns / 10);
    },
  );
});

/** Sends and receives with a state, which may fail as a message or as a record fails. */
async function useOf(state: SpqrState, message: Uint8Array, random: SeededRandom): Promise<void> {
  const { chain } = state;
  const near = { ...state, chain: { ...chain, maxJump: 20 } };
  const skipped = { of: () => new SkippedKeys(noSkippedKeys, async () => undefined) };
  for (const work of [async () => spqrSend(near, random), () => spqrReceive(near, message, skipped)]) {
    try {
      await work();
    } catch (error) {
      if (!isSottoError(error, 'invalid-message') && !isSottoError(error, 'engine-record-invalid'))
        throw error;
    }
  }
}

function damaged(record: Uint8Array, random: SeededRandom): Uint8Array {
  const kind = random.integer(4);
  if (kind === 0) return random.bytes(random.integer(300));
  const copy = record.slice();
  const near = Math.min(copy.length, 120);
  for (let flips = 1 + random.integer(3); flips > 0; flips -= 1) {
    // Counts and kinds are near the beginning and the end.
    const at = random.pick([
      random.integer(near),
      copy.length - 1 - random.integer(near),
      random.integer(copy.length),
    ]);
    copy[at] = kind === 1 ? random.integer(256) : copy[at]! ^ (1 << random.integer(8));
  }
  if (kind < 3) return copy;
  const cut = random.integer(copy.length);
  return random.chance(0.5)
    ? copy.subarray(0, cut)
    : Uint8Array.of(...copy.subarray(0, cut), 7, ...copy.subarray(cut));
}
