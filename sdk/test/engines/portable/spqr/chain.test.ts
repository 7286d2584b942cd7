import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../../../../src/bytes.js';
import {
  addEpoch,
  currentEpoch,
  newChain,
  receiveKey,
  sendKey,
  type Chain,
} from '../../../../src/engines/portable/spqr/chain.js';
import { SkippedKeys } from '../../../../src/engines/portable/records/skipped-keys.js';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import { authKey, outcomeOf } from './support.js';

const secret = (epoch: number) => ({ epoch, secret: new Uint8Array(32).fill(epoch) });

/** A receiving chain with its pages. */
class Receiver {
  chain: Chain;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(maxJump = 25_000) {
    this.chain = newChain('responder', authKey, maxJump);
  }

  async take(index: number): Promise<Uint8Array | string> {
    const skipped = this.open();
    return outcomeOf(async () => {
      const taken = await receiveKey(this.chain, 0, index, () => skipped);
      this.chain = taken.chain;
      for (const { page, keys } of skipped.changes()) {
        if (keys) this.#pages.set(page, keys);
        else this.#pages.delete(page);
      }
      expect(this.open().directory()).toEqual(this.chain.links[0]!.skipped);
      return taken.key;
    });
  }

  open(): SkippedKeys {
    return new SkippedKeys(this.chain.links[0]!.skipped, async (page) => this.#pages.get(page));
  }
}

/** The receiving half of 4.7 to the letter, over a map. */
class Model {
  counter = 0;
  readonly history = new Map<number, Uint8Array>();

  constructor(
    readonly keys: readonly Uint8Array[],
    readonly maxJump: number,
  ) {}

  take(index: number): Uint8Array | string {
    if (index === this.counter) return 'KeyAlreadyRequested';
    if (index < this.counter) return this.#takeOld(index);
    if (index - this.counter > this.maxJump) return 'KeyJump';
    if (index > this.counter + 2_000) this.history.clear();
    while (this.counter < index - 1) {
      this.counter += 1;
      if (this.counter >= index - 2_000) this.history.set(this.counter, this.keys[this.counter]!);
    }
    if (this.history.size >= 2_201) {
      for (const held of [...this.history.keys()]) {
        if (held < this.counter - 2_000) this.history.delete(held);
      }
    }
    this.counter += 1;
    return this.keys[this.counter]!;
  }

  #takeOld(index: number): Uint8Array | string {
    if (index + 2_000 < this.counter) return 'KeyTrimmed';
    const key = this.history.get(index);
    this.history.delete(index);
    return key ?? 'KeyAlreadyRequested';
  }
}

const keyCount = 12_000;
/** The keys of the initiator's chain by index, computed with nothing of ours. */
const keys: Uint8Array[] = [];

beforeAll(() => {
  const start = hkdf(sha256, authKey, undefined, utf8('Signal PQ Ratchet V1 Chain  Start'), 96);
  let next = start.slice(32, 64);
  keys.push(new Uint8Array());
  for (let index = 1; index <= keyCount; index += 1) {
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, index);
    const info = concatBytes(counter, utf8('Signal PQ Ratchet V1 Chain Next'));
    const output = hkdf(sha256, next, undefined, info, 64);
    next = output.slice(0, 32);
    keys.push(output.slice(32));
  }
});

describe('receiving', () => {
  it('gives every key once', async () => {
    const receiver = new Receiver();
    expect(await receiver.take(3)).toEqual(keys[3]);
    expect(await receiver.take(3)).toBe('KeyAlreadyRequested');
    expect(await receiver.take(1)).toEqual(keys[1]);
    expect(await receiver.take(1)).toBe('KeyAlreadyRequested');
    expect(await receiver.take(4)).toEqual(keys[4]);
    expect(await receiver.take(2)).toEqual(keys[2]);
    expect(await receiver.take(0)).toBe('KeyAlreadyRequested');
  });

  it('goes as far ahead as it may and no further', async () => {
    const receiver = new Receiver(3_000);
    expect(await receiver.take(3_001)).toBe('KeyJump');
    expect(await receiver.take(3_000)).toEqual(keys[3_000]);
    expect(await receiver.take(6_001)).toBe('KeyJump');
    expect(await receiver.take(6_000)).toEqual(keys[6_000]);
  });

  it('keeps a window of 2,000 after a jump', async () => {
    const receiver = new Receiver();
    await receiver.take(5_000);
    expect(receiver.open().size).toBe(2_000);
    expect(await receiver.take(2_999)).toBe('KeyTrimmed');
    expect(await receiver.take(3_000)).toEqual(keys[3_000]);
    expect(await receiver.take(4_999)).toEqual(keys[4_999]);
    expect(receiver.open().size).toBe(1_998);
  });

  it('forgets everything at a jump beyond the window, and nothing at one within', async () => {
    const within = new Receiver();
    await within.take(11);
    await within.take(2_011);
    expect(within.open().size).toBe(10 + 1_999);
    expect(await within.take(11 - 1)).toBe('KeyTrimmed');
    const beyond = new Receiver();
    await beyond.take(11);
    await beyond.take(2_012);
    expect(beyond.open().size).toBe(2_000);
  });

  it('cleans up when 2,201 keys are held, and not before', async () => {
    const receiver = new Receiver();
    await receiver.take(2_001);
    for (let index = 2_003; index <= 2_401; index += 2) await receiver.take(index);
    expect(receiver.open().size).toBe(2_200);
    expect(await receiver.take(400)).toBe('KeyTrimmed');
    expect(receiver.open().size).toBe(2_200);
    await receiver.take(2_403);
    // 1 to 401 are behind the window of the 2,402 keys before.
    expect(receiver.open().size).toBe(2_201 - 401);
    expect(await receiver.take(402)).toBe('KeyTrimmed');
    expect(await receiver.take(403)).toEqual(keys[403]);
  });

  it.each(['chain 1', 'chain 2', 'chain 3', 'chain 4'])(
    'does what the specification says (seed "%s")',
    async (seed) => {
      const random = seededRandom(seed);
      const receiver = new Receiver(4_000);
      const model = new Model(keys, 4_000);
      for (let step = 0; step < 900 && model.counter < keyCount - 5_000; step += 1) {
        const index = nextIndex(random, model.counter);
        expect(await receiver.take(index), `seed ${seed} step ${step}`).toEqual(model.take(index));
        expect(receiver.chain.links[0]!.receiving.counter).toBe(model.counter);
        expect(receiver.open().size, `seed ${seed} step ${step}`).toBe(model.history.size);
      }
    },
  );

  it('refuses an epoch there are no chains of', async () => {
    const chain = newChain('initiator', authKey, 25_000);
    const open = () => expect.fail('nothing to open');
    expect(await outcomeOf(() => receiveKey(chain, 1, 1, open))).toBe('EpochOutOfRange');
  });
});

function nextIndex(random: ReturnType<typeof seededRandom>, counter: number): number {
  const kind = random.integer(20);
  if (kind < 8) return counter + 1;
  if (kind < 11) return counter + 2 + random.integer(3);
  if (kind === 11) return counter + 1 + random.integer(400);
  if (kind === 12) return counter + 1_990 + random.integer(20);
  if (kind === 13) return counter + 4_001 + random.integer(3);
  if (kind === 14) return Math.max(0, counter - 2_005 + random.integer(10));
  return Math.max(0, counter - random.integer(2_300));
}

describe('sending', () => {
  it('takes the keys the other side receives with', async () => {
    const receiver = new Receiver();
    let chain = newChain('initiator', authKey, 25_000);
    for (let index = 1; index <= 5; index += 1) {
      const sent = sendKey(chain, 0);
      chain = sent.chain;
      expect([sent.index, sent.key]).toEqual([index, keys[index]]);
      expect(await receiver.take(index)).toEqual(sent.key);
    }
  });

  it('keeps one epoch before the one it sends in, and sends in no older one', () => {
    let chain = newChain('initiator', authKey, 25_000);
    for (const epoch of [1, 2, 3]) chain = addEpoch(chain, secret(epoch));
    expect(currentEpoch(chain)).toBe(3);
    chain = sendKey(chain, 2).chain;
    expect(chain.sendEpoch).toBe(2);
    expect(chain.links.map(({ epoch, sending }) => [epoch, sending !== undefined])).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
    for (const epoch of [0, 1, 4]) expect(codeOf(() => sendKey(chain, epoch))).toBe('engine-record-invalid');
    expect(sendKey(chain, 2).index).toBe(2);
  });

  it('adds epochs one after the other', () => {
    const chain = newChain('initiator', authKey, 25_000);
    for (const epoch of [0, 2])
      expect(codeOf(() => addEpoch(chain, secret(epoch)))).toBe('engine-record-invalid');
  });

  it('ends with the last index', () => {
    const chain = newChain('initiator', authKey, 25_000);
    const [link] = chain.links;
    const at = (counter: number) => ({
      ...chain,
      links: [{ ...link!, sending: { ...link!.sending!, counter } }],
    });
    const last = sendKey(at(0xfffffffe), 0);
    expect(last.index).toBe(0xffffffff);
    expect(codeOf(() => sendKey(last.chain, 0))).toBe('engine-record-invalid');
  });
});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
  return expect.fail('was not refused');
}
