/**
 * A peer that cheats: its messages are authentic, with a valid MAC, and what they say to the post-quantum ratchet is
 * wrong in some way. It plays the same tricks to a device on any engine.
 */
import { sendingStep } from '../../../../src/engines/portable/double-ratchet/ratchet.js';
import { messageKeys } from '../../../../src/engines/portable/double-ratchet/kdf.js';
import { serializeSignalMessage } from '../../../../src/engines/portable/messages/signal-message.js';
import { aesCbcEncrypt } from '../../../../src/engines/portable/primitives/aes.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import {
  decodeSessionRecord,
  encodeSessionRecord,
} from '../../../../src/engines/portable/session-record/codec.js';
import { sendKey } from '../../../../src/engines/portable/spqr/chain.js';
import { parsePayload, parsePrefix } from '../../../../src/engines/portable/spqr/message.js';
import { spqrSend, type SpqrSent } from '../../../../src/engines/portable/spqr/ratchet.js';
import { concatBytes } from '../../../../src/bytes.js';
import { isSottoError } from '../../../../src/errors.js';
import type { Sent, TestDevice } from '../../../../src/testing/engine-conformance-kit.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/seeded-random.js';
import { devices } from '../support.js';
import { altered } from './support.js';

/** What a cheater says instead, and under which key. */
type Said = Pick<SpqrSent, 'message' | 'state'> & { readonly key: Uint8Array | undefined };

/** Where a message's payload begins: its type, then perhaps a chunk. */
const endOf = (message: Uint8Array) => parsePrefix(message).end;

function withPayload(message: Uint8Array, payload: Uint8Array): Uint8Array {
  return concatBytes(message.subarray(0, endOf(message)), payload);
}

/** The tricks by name. All that is random comes from the schedule; `earlier` are payloads sent before. */
const tricks = {
  honest: (sent) => sent,
  'spoilt chunk': (sent, random) => {
    const copy = sent.message.slice();
    copy[copy.length - 1 - random.integer(8)]! ^= 1 << random.integer(8);
    return { ...sent, message: copy };
  },
  'another chunk index': (sent, random) => {
    const payload = parsePayload(sent.message, endOf(sent.message));
    if (!('chunk' in payload)) return sent;
    const index = Uint8Array.of(0x80 | random.integer(128), 0x80 | random.integer(128), random.integer(5));
    const type = sent.message.subarray(endOf(sent.message), endOf(sent.message) + 1);
    return { ...sent, message: withPayload(sent.message, concatBytes(type, index, payload.chunk.bytes)) };
  },
  'another type': (sent, random) => {
    const copy = sent.message.slice();
    copy[endOf(copy)] = random.integer(8);
    return { ...sent, message: copy };
  },
  'an earlier payload': (sent, random, earlier) => ({
    ...sent,
    message: withPayload(sent.message, random.pick(earlier)),
  }),
  'the payload before': (sent, _, earlier) => ({
    ...sent,
    message: withPayload(sent.message, earlier.at(-2) ?? earlier[0]!),
  }),
  'payload of another type with a chunk': (sent, random) => {
    const type = Uint8Array.of(random.pick([1, 2, 3, 5, 6]), random.integer(128));
    return { ...sent, message: withPayload(sent.message, concatBytes(type, new Uint8Array(32).fill(7))) };
  },
  'something after it': (sent, random) => ({
    ...sent,
    message: concatBytes(sent.message, new Uint8Array(1 + random.integer(40))),
  }),
  'cut short': (sent, random) => ({ ...sent, message: sent.message.subarray(0, random.integer(40)) }),
  'another version': (sent, random) => ({
    ...sent,
    message: altered(sent.message, { version: random.pick([0, 2, 3, 255]) }),
  }),
  'another epoch': (sent, random) => {
    const { epoch } = parsePrefix(sent.message);
    return {
      ...sent,
      message: altered(sent.message, { epoch: random.pick([1, epoch + 1, epoch + 2, 2 ** 52]) }),
    };
  },
  'index 0': (sent, random) => ({
    ...sent,
    message: altered(sent.message, { index: 0 }),
    key: random.chance(0.8) ? undefined : sent.key,
  }),
  'index 0 in epoch 1': (sent) => ({
    ...sent,
    message: altered(sent.message, { index: 0, epoch: 1 }),
    key: undefined,
  }),
  'an index further on': (sent, random) => {
    let { state, key } = sent;
    let { index } = parsePrefix(sent.message);
    for (let ahead = 1 + random.integer(30); ahead > 0; ahead -= 1) {
      const step = sendKey(state.chain, parsePrefix(sent.message).epoch - 1);
      state = { ...state, chain: step.chain };
      ({ key, index } = step);
    }
    return { state, key, message: altered(sent.message, { index }) };
  },
  'an index out of reach': (sent) => ({ ...sent, message: altered(sent.message, { index: 0xfffffff0 }) }),
  'numbers spelled long': (sent) => {
    const { epoch, index, end } = parsePrefix(sent.message);
    const long = (value: number) => Uint8Array.of(0x80 | (value & 0x7f), 0x80 | (value >> 7), 0x80, 0x00);
    return {
      ...sent,
      message: concatBytes(Uint8Array.of(1), long(epoch), long(index), sent.message.subarray(end)),
    };
  },
} as const satisfies Record<string, Trick>;

type Trick = (sent: Said, random: SeededRandom, earlier: readonly Uint8Array[]) => Said;

/** The name of a trick. */
export type TrickName = keyof typeof tricks;
/** All of them. */
export const trickNames = Object.keys(tricks) as TrickName[];

/** A cheater and an honest device in a session. */
export class CheatedWorld {
  readonly #primitives = noblePrimitives(seededRandom('cheater'));
  readonly #earlier: Uint8Array[] = [];

  private constructor(
    readonly cheater: TestDevice,
    readonly honest: TestDevice,
  ) {}

  /** @param cheaterStarts - who began the session, and so who owns the first key pair */
  static async create(engine: string, cheaterStarts: boolean): Promise<CheatedWorld> {
    const [alice, bob] = await devices(
      cheaterStarts ? 'portable' : engine,
      cheaterStarts ? engine : 'portable',
    );
    await alice.startSession(bob, { ec: 11, kem: 21 });
    await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
    await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
    return cheaterStarts ? new CheatedWorld(alice, bob) : new CheatedWorld(bob, alice);
  }

  /** Plays a trick. @returns what came of it: `taken`, or the code of the refusal */
  async cheat(name: TrickName, random: SeededRandom): Promise<string> {
    return this.#deliver(this.cheater, this.honest, await this.#send(name, random));
  }

  /** The honest device says something. */
  async answer(): Promise<string> {
    return this.#deliver(this.honest, this.cheater, await this.honest.encrypt(this.cheater, 'honest'));
  }

  async #deliver(from: TestDevice, to: TestDevice, message: Sent): Promise<string> {
    try {
      await to.decrypt(from, message);
      return 'taken';
    } catch (error) {
      if (isSottoError(error)) return error.code;
      throw error;
    }
  }

  async #send(name: TrickName, random: SeededRandom): Promise<Sent> {
    const { accountId, deviceId } = this.honest.address;
    const key = `session/${accountId}.${deviceId}/current`;
    const record = decodeSessionRecord(this.cheater.records.get(key)!);
    const session = record.current!;
    const { ourIdentity, theirIdentity } = session.ratchet;
    const sent = spqrSend(session.ratchet.spqr, this.#primitives.random);
    this.#earlier.push(sent.message.slice(endOf(sent.message)));
    const said = (tricks[name] as Trick)(sent, random, this.#earlier);
    const step = await sendingStep(this.#primitives.curve, session.ratchet.doubleRatchet);
    const { cipherKey, macKey, iv } = messageKeys(step.seed, said.key);
    const plaintext = Uint8Array.of(1, 2, 3);
    const fields = { ...step, ciphertext: aesCbcEncrypt(cipherKey, iv, plaintext), pqRatchet: said.message };
    const ciphertext = await serializeSignalMessage(fields, macKey, ourIdentity, theirIdentity);
    const ratchet = { ...session.ratchet, doubleRatchet: step.state, spqr: said.state };
    const current = { ...session, pending: undefined, ratchet };
    this.cheater.records.set(key, encodeSessionRecord({ ...record, current }));
    return { kind: 'message', ciphertext, plaintext, registrationId: this.honest.our.registrationId };
  }
}
