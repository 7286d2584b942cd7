/** What the tests of the post-quantum ratchet share: a side that keeps its state as bytes, and its skipped keys. */
import { concatBytes } from '../../../../src/bytes.js';
import { readSpqrState, writeSpqrState } from '../../../../src/engines/portable/spqr/codec.js';
import {
  initialSpqrState,
  spqrDirectory,
  spqrLinks,
  spqrReceive,
  spqrSend,
  type SpqrOptions,
  type SpqrState,
} from '../../../../src/engines/portable/spqr/ratchet.js';
import { parsePrefix, serializeMessage } from '../../../../src/engines/portable/spqr/message.js';
import type { RefusalReason } from '../../../../src/engines/portable/spqr/refusal.js';
import { ByteReader } from '../../../../src/engines/portable/records/byte-reader.js';
import { ByteWriter } from '../../../../src/engines/portable/records/byte-writer.js';
import { pagesIn, SkippedKeys } from '../../../../src/engines/portable/records/skipped-keys.js';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/seeded-random.js';

export const authKey = new Uint8Array(32).fill(0x29);

/** A ratchet with its records: every step reads the state from bytes and writes it back. */
export class Side {
  readonly pages = new Map<string, Uint8Array>();

  constructor(
    public record: Uint8Array,
    readonly random: SeededRandom,
  ) {}

  /** At the beginning of a session. */
  static begin(options: SpqrOptions, seed: string): Side {
    return new Side(encodeState(initialSpqrState(options)), seededRandom(seed));
  }

  /** Another side with the same records. */
  fork(): Side {
    const fork = new Side(this.record, this.random);
    for (const [name, page] of this.pages) fork.pages.set(name, page);
    return fork;
  }

  get state(): SpqrState {
    return decodeState(this.record);
  }

  send(): { readonly message: Uint8Array; readonly key: Uint8Array } {
    const before = this.state;
    const { state, message, key } = spqrSend(before, this.random);
    this.#keep(before, state);
    return { message, key };
  }

  /** Takes a message. @returns the key, or why it was refused */
  async receive(message: Uint8Array): Promise<Uint8Array | undefined | RefusalReason> {
    const before = this.state;
    const opened = new Map<number, SkippedKeys>();
    try {
      const { state, key } = await spqrReceive(before, message, {
        of: (epoch) => this.#open(before, epoch, opened),
      });
      for (const [epoch, skipped] of opened) this.#writePages(epoch, skipped);
      this.#keep(before, state);
      return key;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #open(state: SpqrState, epoch: number, opened: Map<number, SkippedKeys>): SkippedKeys {
    const load = async (page: number) => this.pages.get(`${epoch}/${page}`);
    const skipped = new SkippedKeys(spqrDirectory(state, epoch), load);
    opened.set(epoch, skipped);
    return skipped;
  }

  #writePages(epoch: number, skipped: SkippedKeys): void {
    for (const { page, keys } of skipped.changes()) {
      if (keys) this.pages.set(`${epoch}/${page}`, keys);
      else this.pages.delete(`${epoch}/${page}`);
    }
  }

  /** Writes the state, and deletes the pages of links that are no more. */
  #keep(before: SpqrState, after: SpqrState): void {
    const kept = new Set(spqrLinks(after).map(({ epoch }) => epoch));
    for (const { epoch, skipped } of spqrLinks(before)) {
      if (!kept.has(epoch)) for (const page of pagesIn(skipped)) this.pages.delete(`${epoch}/${page}`);
    }
    this.record = encodeState(after);
  }
}

/** Two sides of a session. */
export function pair(seed: string, maxJump = 25_000): { initiator: Side; responder: Side } {
  return {
    initiator: Side.begin({ role: 'initiator', authKey, maxJump }, `${seed}/initiator`),
    responder: Side.begin({ role: 'responder', authKey, maxJump }, `${seed}/responder`),
  };
}

export function encodeState(state: SpqrState): Uint8Array {
  const writer = new ByteWriter();
  writeSpqrState(writer, state);
  return writer.finish();
}

export function decodeState(bytes: Uint8Array): SpqrState {
  const reader = new ByteReader(bytes);
  const state = readSpqrState(reader);
  reader.end();
  return state;
}

/** The reason of a refusal; anything else is thrown again. */
export function reasonOf(error: unknown): RefusalReason {
  if (isSottoError(error, 'invalid-message') && typeof error.cause === 'string') {
    return error.cause as RefusalReason;
  }
  throw error;
}

/** Why work is refused, or what it gave. */
export async function outcomeOf<Result>(
  work: () => Result | Promise<Result>,
): Promise<Result | RefusalReason> {
  try {
    return await work();
  } catch (error) {
    return reasonOf(error);
  }
}

/** A message with another version, epoch or index. */
export function altered(
  message: Uint8Array,
  change: { readonly version?: number; readonly epoch?: number; readonly index?: number },
): Uint8Array {
  const prefix = parsePrefix(message);
  const { epoch, index, version } = { ...prefix, ...change };
  const plain = serializeMessage({ epoch, index, payload: { kind: 'none' } });
  return concatBytes(Uint8Array.of(version), plain.subarray(1, -1), message.subarray(prefix.end));
}
