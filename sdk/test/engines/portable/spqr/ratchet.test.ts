import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import { parsePrefix } from '../../../../src/engines/portable/spqr/message.js';
import { spqrLinks } from '../../../../src/engines/portable/spqr/ratchet.js';
import { pagesIn } from '../../../../src/engines/portable/records/skipped-keys.js';
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import { altered, pair, Side } from './support.js';

const of = (...values: number[]) => Uint8Array.of(...values);

/** Strict turns, so many round trips of them. */
async function converse(initiator: Side, responder: Side, roundTrips: number): Promise<void> {
  for (let trip = 0; trip < roundTrips; trip += 1) {
    await responder.receive(initiator.send().message);
    await initiator.receive(responder.send().message);
  }
}

/** Gives a message that must be refused, and expects no trace of it. */
async function refused(side: Side, message: Uint8Array): Promise<unknown> {
  const before = side.record;
  const pages = new Map(side.pages);
  const reason = await side.receive(message);
  expect(side.record).toBe(before);
  expect(side.pages).toEqual(pages);
  return reason;
}

describe('the first messages', () => {
  it('have keys of the handshake in both directions', async () => {
    const { initiator, responder } = pair('first');
    const there = initiator.send();
    expect(await responder.receive(there.message)).toEqual(there.key);
    const back = responder.send();
    expect(await initiator.receive(back.message)).toEqual(back.key);
    expect(back.key).not.toEqual(there.key);
    expect(parsePrefix(there.message)).toMatchObject({ version: 1, epoch: 1, index: 1 });
    // The first chunk of the header is the start of a key, and not announced as anything else.
    expect([...there.message.subarray(0, 5)]).toEqual([1, 1, 1, 1, 0]);
    expect(back.message).toEqual(of(1, 1, 1, 0));
  });

  it('fit no other handshake', async () => {
    const { initiator } = pair('authentic');
    const stranger = Side.begin(
      { role: 'responder', authKey: new Uint8Array(32), maxJump: 25_000 },
      'stranger',
    );
    for (let chunk = 0; chunk < 2; chunk += 1) {
      const sent = initiator.send();
      expect(await stranger.receive(sent.message)).not.toEqual(sent.key);
    }
    expect(await refused(stranger, initiator.send().message)).toBe('MacVerifyFailed');
  });
});

describe('a version', () => {
  it('of nothing, or 0, is never accepted', async () => {
    const { initiator, responder } = pair('version 0');
    const { message } = initiator.send();
    for (const established of [false, true]) {
      if (established) await converse(initiator, responder, 1);
      expect(await refused(responder, new Uint8Array())).toBe('MinimumVersion');
      expect(await refused(responder, altered(message, { version: 0 }))).toBe('MinimumVersion');
      expect(await refused(responder, of(0, 1, 0))).toBe('MinimumVersion');
    }
  });

  it.each([0, 1, 2, 255])('of %i is looked at after the prefix', async (version) => {
    const { responder } = pair('prefix');
    for (const rest of [of(), of(1), of(0, 1), of(1, 0x80), of(1, 0x80, 0x80, 0x80, 0x80, 0x10)]) {
      expect(await refused(responder, concatBytes(of(version), rest))).toBe('MsgDecode');
    }
  });

  it('of the future has a key of the first chain while nothing else was heard', async () => {
    const { initiator, responder } = pair('future');
    const sent = [initiator.send(), initiator.send(), initiator.send()];
    const later = altered(sent[1]!.message, { version: 2, epoch: 77 });
    expect(await responder.receive(later.subarray(0, parsePrefix(later).end))).toEqual(sent[1]!.key);
    expect(responder.state.braid.state).toEqual(pair('x').responder.state.braid.state);
    expect(responder.state.negotiating).toBe(true);
    const before = responder.record;
    expect(await responder.receive(of(200, 1, 0))).toBeUndefined();
    expect(responder.record).toEqual(before);
    expect(await refused(responder, later)).toBe('KeyAlreadyRequested');
    expect(parsePrefix(responder.send().message).version).toBe(1);
    // The first message of our version ends it.
    expect(await responder.receive(sent[0]!.message)).toEqual(sent[0]!.key);
    expect(responder.state.negotiating).toBe(false);
    expect(await refused(responder, altered(sent[2]!.message, { version: 2 }))).toBe('VersionMismatch');
    expect(await refused(responder, of(2, 1, 0))).toBe('VersionMismatch');
    expect(await responder.receive(sent[2]!.message)).toEqual(sent[2]!.key);
  });

  it('is not settled by sending, nor by what is refused', async () => {
    const { initiator, responder } = pair('unsettled');
    initiator.send();
    const sent = initiator.send();
    responder.send();
    await refused(responder, altered(sent.message, { index: 25_001 }));
    expect([initiator.state.negotiating, responder.state.negotiating]).toEqual([true, true]);
    expect(await responder.receive(altered(sent.message, { version: 9 }))).toEqual(sent.key);
  });
});

describe('an index of 0', () => {
  it('stands for no key in the first epoch, at any time', async () => {
    const { initiator, responder } = pair('index 0');
    const first = altered(initiator.send().message, { index: 0 });
    expect(await responder.receive(first)).toBeUndefined();
    // Its chunk counts all the same.
    expect(responder.state.braid.state).toMatchObject({ header: { held: { length: 34 } } });
    await converse(initiator, responder, 50);
    expect(responder.state.braid.epoch).toBe(2);
    expect(await responder.receive(first)).toBeUndefined();
  });

  it('is refused in every other', async () => {
    const { initiator, responder } = pair('index 0 later');
    await converse(initiator, responder, 50);
    expect(await refused(responder, altered(initiator.send().message, { index: 0 }))).toBe(
      'KeyAlreadyRequested',
    );
    const { initiator: early } = pair('index 0 early');
    expect(await refused(early, of(1, 2, 0, 0))).toBe('EpochOutOfRange');
  });
});

describe('a refused message', () => {
  it('leaves no trace, whatever is wrong with it', async () => {
    const { initiator, responder } = pair('refusals', 3_000);
    await converse(initiator, responder, 60);
    const sent = initiator.send();
    const { epoch, index } = parsePrefix(sent.message);
    expect(epoch).toBe(2);
    const refusals: [Uint8Array, string][] = [
      [altered(sent.message, { epoch: 3 }), 'EpochOutOfRange'],
      [altered(sent.message, { epoch: 2 ** 50 }), 'EpochOutOfRange'],
      [altered(sent.message, { index: index + 3_000 }), 'KeyJump'],
      [altered(sent.message, { index: 0xffffffff }), 'KeyJump'],
      [altered(sent.message, { index: index - 1 }), 'KeyAlreadyRequested'],
      [sent.message.subarray(0, 3), 'MsgDecode'],
      [altered(sent.message, { version: 3 }), 'VersionMismatch'],
    ];
    for (const [message, reason] of refusals) expect(await refused(responder, message)).toBe(reason);
    expect(await responder.receive(sent.message)).toEqual(sent.key);
    expect(await refused(responder, sent.message)).toBe('KeyAlreadyRequested');
  });

  it('of long ago is too old, or of a forgotten epoch', async () => {
    const { initiator, responder } = pair('long ago');
    const early = initiator.send();
    const sent = Array.from({ length: 2_010 }, () => initiator.send());
    await responder.receive(sent.at(-1)!.message);
    expect(await refused(responder, early.message)).toBe('KeyTrimmed');
    const kept = sent[500]!;
    for (const { message } of sent.slice(0, 4)) await responder.receive(message);
    await converse(initiator, responder, 60);
    // One epoch on it is still there.
    expect(responder.state.braid.epoch).toBe(2);
    expect(await responder.receive(kept.message)).toEqual(kept.key);
    expect(pagesOf(responder, 0).length).toBeGreaterThan(20);
    await converse(initiator, responder, 60);
    expect(responder.state.braid.epoch).toBe(3);
    expect(await refused(responder, sent[501]!.message)).toBe('EpochOutOfRange');
    expect([...responder.pages.keys()].filter((page) => page.startsWith('0/'))).toEqual([]);
  });

  it('with a counter out of reach costs less than a millisecond', async () => {
    const { initiator, responder } = pair('hostile counter');
    await converse(initiator, responder, 10);
    const hostile = altered(initiator.send().message, { index: 0xffffffff });
    let best = Infinity;
    for (let run = 0; run < 50; run += 1) {
      const start = performance.now();
      expect(await responder.receive(hostile)).toBe('KeyJump');
      best = Math.min(best, performance.now() - start);
    }
    expect(best).toBeLessThan(1);
  });

  it.each([25_000, 24_999])('is what is %i ahead and one more', async (maxJump) => {
    const { initiator, responder } = pair('jump', maxJump);
    const { message } = initiator.send();
    expect(await refused(responder, altered(message, { index: maxJump + 1 }))).toBe('KeyJump');
    expect(await responder.receive(altered(message, { index: maxJump }))).toBeInstanceOf(Uint8Array);
  });
});

function pagesOf(side: Side, epoch: number): readonly number[] {
  return spqrLinks(side.state).flatMap((link) => (link.epoch === epoch ? pagesIn(link.skipped) : []));
}

describe('keys', () => {
  it('are never the same twice', async () => {
    const { initiator, responder } = pair('distinct');
    const seen = new Set<string>();
    let count = 0;
    for (let trip = 0; trip < 150; trip += 1) {
      for (const [from, to] of [
        [initiator, responder],
        [responder, initiator],
      ] as const) {
        const { message, key } = from.send();
        expect(await to.receive(message)).toEqual(key);
        seen.add(key.join());
        count += 1;
      }
    }
    expect(seen.size).toBe(count);
    expect(initiator.state.braid.epoch).toBeGreaterThan(3);
  });
});

const fuzzRuns = process.env['SLOW'] === '1' ? 400_000 : 20_000;

describe('hostile bytes', () => {
  it('are refused with a reason or taken, and nothing else', { timeout: 3_600_000 }, async () => {
    const seed = 'hostile messages';
    const random = seededRandom(seed);
    const { initiator, responder } = pair(seed, 40);
    const outcomes = new Map<string, number>();
    const reached = new Set<string>();
    for (let run = 0; run < fuzzRuns;) {
      const [from, to] = random.chance(0.5) ? [initiator, responder] : [responder, initiator];
      const { message, key } = from.send();
      reached.add(to.state.braid.state.kind);
      // Each message is spoilt in several ways before it arrives as it is: what was taken is not kept.
      for (let copy = 0; copy < 8; copy += 1, run += 1) {
        const got = await to
          .fork()
          .receive(mutated(message, random))
          .catch((cause: unknown) => {
            throw new Error(`seed ${seed} run ${run}`, { cause });
          });
        const outcome = typeof got === 'string' ? got : 'taken';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      expect(await to.receive(message)).toEqual(key);
    }
    expect(reached.size).toBe(11);
    for (const outcome of [
      'taken',
      'MsgDecode',
      'MinimumVersion',
      'VersionMismatch',
      'EpochOutOfRange',
      'KeyJump',
    ]) {
      expect(outcomes.get(outcome), outcome).toBeGreaterThan(50);
    }
  });
});

function mutated(message: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  const kind = random.integer(5);
  if (kind === 0) return message.subarray(0, random.integer(message.length));
  if (kind === 1) return random.bytes(random.integer(60));
  const copy = message.slice();
  for (let flips = 1 + random.integer(4); flips > 0; flips -= 1) {
    // The first bytes say most.
    const at = random.integer(random.chance(0.6) ? Math.min(6, copy.length) : copy.length);
    copy[at] = kind === 2 ? random.integer(256) : copy[at]! ^ (1 << random.integer(8));
  }
  return copy;
}
