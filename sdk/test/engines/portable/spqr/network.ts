/**
 * Two sides and a network between them that loses, reorders and repeats, played from a seed. Every message that
 * arrives is checked: its first copy gives the sender's key, every other copy is refused and changes nothing.
 */
import { expect } from 'vitest';
import { parsePayload, parsePrefix } from '../../../../src/engines/portable/spqr/message.js';
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import { rowName, type StateKind } from './rows.js';
import { pair, type Side } from './support.js';

export interface NetworkOptions {
  readonly seed: string;
  readonly turns: number;
  /** Messages per turn are 1 up to this. */
  readonly burst: number;
  /** Of messages by who sent them: the initiator, the responder. */
  readonly loss: readonly [number, number];
  readonly duplication: number;
  /** Which part of the messages on their way is held back at the end of a turn. */
  readonly delay: number;
  /** Probability that a turn is the initiator's. */
  readonly bias: number;
}

export interface NetworkResult {
  /** The highest SCKA epoch a side is in. */
  readonly epoch: number;
  readonly sent: number;
  readonly received: number;
  readonly duplicates: number;
  /** Messages that came when their epoch was forgotten already. */
  readonly late: number;
  /** Names of the rows in which a message moved a state. */
  readonly rows: ReadonlySet<string>;
  /** Names of the states that sent. */
  readonly senders: ReadonlySet<string>;
  /** Longest record of a state, in bytes, in each epoch. */
  readonly recordLengths: ReadonlyMap<number, number>;
  readonly pages: number;
}

interface OnItsWay {
  readonly message: Uint8Array;
  readonly key: Uint8Array;
  readonly to: Side;
}

export async function playNetwork(options: NetworkOptions): Promise<NetworkResult> {
  const network = new Network(options);
  for (let turn = 0; turn < options.turns; turn += 1) await network.turn();
  return network.result();
}

class Network {
  readonly #random;
  readonly #sides;
  readonly #options: NetworkOptions;
  #onItsWay: OnItsWay[] = [];
  readonly #taken = new Set<Uint8Array>();
  readonly #rows = new Set<string>();
  readonly #senders = new Set<string>();
  readonly #lengths = new Map<number, number>();
  #sent = 0;
  #duplicates = 0;
  #late = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#sides = pair(options.seed);
  }

  async turn(): Promise<void> {
    const { burst, bias, loss, duplication, delay } = this.#options;
    const { initiator, responder } = this.#sides;
    const byInitiator = this.#random.chance(bias);
    const [from, to] = byInitiator ? [initiator, responder] : [responder, initiator];
    for (let count = 1 + this.#random.integer(burst); count > 0; count -= 1) {
      this.#senders.add(from.state.braid.state.kind);
      const onItsWay = { ...from.send(), to };
      this.#sent += 1;
      if (this.#random.chance(loss[byInitiator ? 0 : 1])) continue;
      this.#onItsWay.push(onItsWay);
      while (this.#random.chance(duplication)) this.#onItsWay.push(onItsWay);
    }
    const reordered = delay > 0 ? this.#random.shuffle(this.#onItsWay) : this.#onItsWay;
    this.#onItsWay = reordered.filter(() => this.#random.chance(delay));
    const held = new Set(this.#onItsWay);
    for (const arriving of reordered) if (!held.has(arriving)) await this.#arrive(arriving);
    this.#measure(from);
    this.#measure(to);
  }

  async #arrive({ message, key, to }: OnItsWay): Promise<void> {
    const label = `seed ${this.#options.seed}, message ${this.#sent}`;
    const before = to.state;
    const record = to.record;
    const got = await to.receive(message);
    if (typeof got === 'string') {
      // No trace of a refusal, and none for any other reason than these two.
      expect(to.record, label).toBe(record);
      const isLate = parsePrefix(message).epoch - 1 < before.chain.links[0]!.epoch;
      if (isLate) this.#late += 1;
      else this.#duplicates += 1;
      const expected = isLate
        ? ['EpochOutOfRange']
        : this.#taken.has(message)
          ? ['KeyAlreadyRequested', 'KeyTrimmed']
          : [];
      expect(expected, label).toContain(got);
      return;
    }
    expect(this.#taken.has(message), label).toBe(false);
    this.#taken.add(message);
    expect(got, label).toEqual(key);
    this.#noteRow(before.braid.state.kind, before.braid.epoch, message, to);
  }

  #noteRow(from: StateKind, epoch: number, message: Uint8Array, { state }: Side): void {
    const prefix = parsePrefix(message);
    if (prefix.epoch < epoch) return;
    const { kind } = parsePayload(message, prefix.end);
    this.#rows.add(rowName(from, prefix.epoch > epoch ? 'next epoch' : kind, state.braid.state.kind));
  }

  #measure({ record, state }: Side): void {
    const { epoch } = state.braid;
    this.#lengths.set(epoch, Math.max(record.length, this.#lengths.get(epoch) ?? 0));
    expect(state.chain.links.length).toBeLessThanOrEqual(3);
  }

  result(): NetworkResult {
    const { initiator, responder } = this.#sides;
    return {
      epoch: Math.max(initiator.state.braid.epoch, responder.state.braid.epoch),
      sent: this.#sent,
      received: this.#taken.size,
      duplicates: this.#duplicates,
      late: this.#late,
      rows: this.#rows,
      senders: this.#senders,
      recordLengths: this.#lengths,
      pages: initiator.pages.size + responder.pages.size,
    };
  }
}
