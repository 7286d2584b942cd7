import { describe, expect, it } from 'vitest';
import {
  readDoubleRatchet,
  writeDoubleRatchet,
} from '../../../../src/engines/portable/double-ratchet/codec.js';
import { receivingStep, sendingStep } from '../../../../src/engines/portable/double-ratchet/ratchet.js';
import {
  currentRatchetKey,
  initiatorRatchet,
  isPromised,
  recipientRatchet,
  type DoubleRatchet,
} from '../../../../src/engines/portable/double-ratchet/state.js';
import { portableCurve } from '../../../../src/engines/portable/primitives/curve.js';
import type {
  KeyPair,
  RatchetKey,
  RemoteRatchetKey,
} from '../../../../src/engines/portable/primitives/keys.js';
import type { Curve25519 } from '../../../../src/engines/portable/primitives/primitives.js';
import { ByteReader } from '../../../../src/engines/portable/records/byte-reader.js';
import { ByteWriter } from '../../../../src/engines/portable/records/byte-writer.js';
import { SkippedKeys } from '../../../../src/engines/portable/records/skipped-keys.js';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom } from '../../../../src/testing/index.js';

const random = seededRandom('double-ratchet');
const portable = portableCurve(random);

/** The same curve, answering later, as a browser's does. */
const later: Curve25519 = {
  agree: async (...keys) => portable.agree(...keys),
  publicKeyOf: async (key) => portable.publicKeyOf(key),
  generateKeyPair: async () => portable.generateKeyPair(),
};

/** Counts the agreements that are asked of a curve. */
function counted(curve: Curve25519): { readonly curve: Curve25519; readonly agreements: () => number } {
  let agreements = 0;
  const agree: Curve25519['agree'] = (...keys) => {
    agreements += 1;
    return curve.agree(...keys);
  };
  return { curve: { ...curve, agree }, agreements: () => agreements };
}

interface Header {
  readonly ratchetKey: RatchetKey;
  readonly counter: number;
  readonly previousCounter: number;
}

interface Sent extends Header {
  readonly seed: Uint8Array;
}

/** One side, with its skipped seeds in a map; every state goes through its encoding. */
class Side {
  readonly pages = new Map<string, Uint8Array>();

  constructor(
    readonly curve: Curve25519,
    public state: DoubleRatchet,
  ) {}

  async send(): Promise<Sent> {
    const { state, ...sent } = await sendingStep(this.curve, this.state);
    this.state = recoded(state);
    return sent;
  }

  async sendMany(count: number): Promise<Sent[]> {
    const sent: Sent[] = [];
    for (let index = 0; index < count; index += 1) sent.push(await this.send());
    return sent;
  }

  /** @returns a SottoError's code, or the seed */
  async receive(header: Header, maxJump = 25_000): Promise<Uint8Array | string> {
    const opened = new Map<number, SkippedKeys>();
    try {
      const { state, seed } = await receivingStep(
        { curve: this.curve, random },
        this.state,
        { ...header, ratchetKey: header.ratchetKey as Uint8Array as RemoteRatchetKey },
        {
          maxJump,
          openSkipped: ({ number, skipped }) => {
            const keys = new SkippedKeys(skipped, async (page) => this.pages.get(`${number}/${page}`));
            opened.set(number, keys);
            return keys;
          },
        },
      );
      for (const [number, keys] of opened) this.#keep(number, keys);
      this.state = recoded(state);
      return seed;
    } catch (error) {
      if (isSottoError(error)) return error.code;
      throw error;
    }
  }

  #keep(number: number, keys: SkippedKeys): void {
    for (const { page, keys: value } of keys.changes()) {
      if (value) this.pages.set(`${number}/${page}`, value);
      else this.pages.delete(`${number}/${page}`);
    }
  }
}

function recoded(state: DoubleRatchet): DoubleRatchet {
  const writer = new ByteWriter();
  writeDoubleRatchet(writer, state);
  const reader = new ByteReader(writer.finish());
  const read = readDoubleRatchet(reader);
  reader.end();
  expect(read).toEqual(state);
  return read;
}

async function pairOver(curve: Curve25519): Promise<{ alice: Side; bob: Side }> {
  const keys = { rootKey: new Uint8Array(32).fill(1), chainKey: new Uint8Array(32).fill(2) };
  const signed = (await curve.generateKeyPair()) as KeyPair<'ratchet'>;
  const theirs = signed.publicKey as Uint8Array as RemoteRatchetKey;
  return {
    alice: new Side(curve, await initiatorRatchet(curve, keys, theirs)),
    bob: new Side(curve, recipientRatchet(keys, signed)),
  };
}

async function exchange(from: Side, to: Side): Promise<Sent> {
  const sent = await from.send();
  expect(await to.receive(sent)).toEqual(sent.seed);
  return sent;
}

const curves = [
  { when: 'at once', over: portable },
  { when: 'later', over: later },
];

describe.each(curves)('the Double Ratchet over a curve that answers $when', ({ over }) => {
  const { curve, agreements } = counted(over);
  const pair = () => pairOver(curve);

  it('gives both sides the same seeds, and never one twice', async () => {
    const { alice, bob } = await pair();
    const seeds = new Set<string>();
    for (let turn = 0; turn < 8; turn += 1) {
      const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice];
      for (let count = 0; count <= turn % 3; count += 1) seeds.add(String((await exchange(from, to)).seed));
    }
    expect(seeds.size).toBe(15);
    expect(alice.pages.size + bob.pages.size).toBe(0);
  });

  it('follows after a copy was restored that is older than what was sent', async () => {
    const { alice, bob } = await pair();
    await exchange(alice, bob);
    const copy = bob.state;
    await exchange(bob, alice);
    const answer = await alice.send();
    bob.state = copy;
    expect(await bob.receive(answer)).toEqual(answer.seed);
    await exchange(bob, alice);
    await exchange(alice, bob);
  });

  it('takes messages of a chain in any order, each once', async () => {
    const { alice, bob } = await pair();
    const sent = await alice.sendMany(200);
    for (const message of seededRandom(1).shuffle(sent))
      expect(await bob.receive(message)).toEqual(message.seed);
    for (const message of sent) expect(await bob.receive(message)).toBe('duplicate-message');
    expect(bob.pages.size).toBe(0);
  });

  it('keeps 2,000 seeds of a chain, the newest', async () => {
    const { alice, bob } = await pair();
    const sent = await alice.sendMany(2301);
    expect(await bob.receive(sent[0]!)).toEqual(sent[0]!.seed);
    expect(await bob.receive(sent[2300]!)).toEqual(sent[2300]!.seed);
    expect(await bob.receive(sent[299]!)).toBe('duplicate-message');
    expect(await bob.receive(sent[300]!)).toEqual(sent[300]!.seed);
    expect(await bob.receive(sent[2299]!)).toEqual(sent[2299]!.seed);
    const [next] = await alice.sendMany(4);
    // 1,998 are held and three more come: the oldest of them goes.
    expect(await bob.receive({ ...next!, counter: 2304 })).toBeInstanceOf(Uint8Array);
    expect(await bob.receive(sent[301]!)).toBe('duplicate-message');
    expect(await bob.receive(sent[302]!)).toEqual(sent[302]!.seed);
  });

  it('jumps 25,000 messages and not one more', async () => {
    const { alice, bob } = await pair();
    const header = await alice.send();
    expect(await bob.receive({ ...header, counter: 25_001 })).toBe('invalid-message');
    expect(await bob.receive({ ...header, counter: 25_000 })).toBeInstanceOf(Uint8Array);
    expect(await bob.receive({ ...header, counter: 25_001 + 25_000 })).toBeInstanceOf(Uint8Array);
    expect(await bob.receive({ ...header, counter: 50_002 + 25_001 })).toBe('invalid-message');
    expect(await bob.receive(header)).toBe('duplicate-message');
  });

  it('agrees on nothing for forged counters, under known and unknown keys', async () => {
    const { alice, bob } = await pair();
    await exchange(alice, bob);
    await exchange(bob, alice);
    const known = (await exchange(alice, bob)).ratchetKey;
    const { publicKey: unknown } = (await curve.generateKeyPair()) as KeyPair<'ratchet'>;
    const before = agreements();
    for (const side of [alice, bob]) {
      for (const ratchetKey of [known, unknown]) {
        for (let round = 0; round < 100; round += 1) {
          const header = { ratchetKey, counter: 0xffffffff, previousCounter: 0 };
          expect(await side.receive(header)).toBe('invalid-message');
        }
      }
    }
    expect(agreements()).toBe(before);
  });

  it('keeps five receiving chains', async () => {
    const { alice, bob } = await pair();
    const late: Sent[] = [];
    for (let round = 0; round < 6; round += 1) {
      late.push(await alice.send());
      await exchange(alice, bob);
      await exchange(bob, alice);
    }
    expect(bob.state.receiving.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    for (const message of late.slice(1)) expect(await bob.receive(message)).toEqual(message.seed);
    // Its key looks new by now: some seed comes out, which authenticates nothing.
    expect(await bob.receive(late[0]!)).not.toEqual(late[0]!.seed);
  });

  it('says in every message how long the chain before was, less one', async () => {
    const { alice, bob } = await pair();
    const first = await alice.sendMany(3);
    expect(first.map(({ previousCounter }) => previousCounter)).toEqual([0, 0, 0]);
    await bob.receive(first[2]!);
    await exchange(bob, alice);
    expect((await alice.send()).previousCounter).toBe(2);
    // Nothing was ever sent with the recipient's first chain.
    expect((await bob.send()).previousCounter).toBe(0);
  });

  it('refuses a ratchet key of low order', async () => {
    const { bob } = await pair();
    const ratchetKey = Uint8Array.of(5, ...new Uint8Array(32)) as RatchetKey;
    expect(await bob.receive({ ratchetKey, counter: 0, previousCounter: 0 })).toBe('invalid-key');
  });
});

describe('the second half of a step of the Double Ratchet', () => {
  it('is put off until something is sent, where agreements are made at once', async () => {
    const { alice, bob } = await pairOver(portable);
    await exchange(alice, bob);
    const promised = bob.state;
    expect(isPromised(promised.sending)).toBe(true);
    const shown = await currentRatchetKey(portable, promised);
    const answer = await exchange(bob, alice);
    expect(answer.ratchetKey).toEqual(shown);
    expect(await currentRatchetKey(portable, bob.state)).toEqual(shown);
    expect(bob.state.rootKey).not.toEqual(promised.rootKey);
    // What is sent then does not move the root again.
    const root = bob.state.rootKey;
    expect((await bob.send()).ratchetKey).toEqual(shown);
    expect(bob.state.rootKey).toEqual(root);
  });

  it('is asked for with the first one, where they come later', async () => {
    const { curve, agreements } = counted(later);
    const { alice, bob } = await pairOver(curve);
    const sent = await alice.send();
    const before = agreements();
    expect(await bob.receive(sent)).toEqual(sent.seed);
    expect(isPromised(bob.state.sending)).toBe(false);
    expect(agreements()).toBe(before + 2);
    const { rootKey } = bob.state;
    await exchange(bob, alice);
    expect(bob.state.rootKey).toEqual(rootKey);
  });
});
