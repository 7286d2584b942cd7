/** What the tests of sender keys share: members of a group on either engine, and a sender who can be anywhere in its chain. */
import {
  ErrorCode,
  groupDecrypt,
  groupEncrypt,
  LibSignalErrorBase,
  PrivateKey,
  processSenderKeyDistributionMessage,
  ProtocolAddress,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  SenderKeyRecord,
  SenderKeyStore,
} from '@signalapp/libsignal-client';
import { fromUtf8, utf8 } from '../../../../src/bytes.js';
import { aesCbcEncrypt } from '../../../../src/engines/portable/primitives/aes.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import {
  messageKeyOf,
  stepChain,
  takeNext,
  type SenderChain,
} from '../../../../src/engines/portable/sender-keys/chain.js';
import { decryptFromGroup } from '../../../../src/engines/portable/sender-keys/receive.js';
import {
  createSenderKeyDistribution,
  encryptToGroup,
  processSenderKeyDistribution,
  removeSenderKey,
} from '../../../../src/engines/portable/sender-keys/steps.js';
import { isSottoError } from '../../../../src/errors.js';
import type { EngineStep, EngineView } from '../../../../src/ports/index.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/index.js';
import { deviceAddress, type DeviceAddress } from '../../../../src/wire/index.js';
import { plain } from '../messages/formats.js';

export const distributionId = 'd1d1d1d1-7000-11eb-b32a-33b8a8a487a6';

/** The device that sends in most tests. */
export const sender = deviceAddress.parse({ accountId: '9d0652a3-dcc3-4d11-975f-74d61598733f', deviceId: 3 });

/** A device of a group, on either engine. Decrypting gives the text, or why there is none. */
export interface Member {
  create(): Promise<Uint8Array>;
  process(distribution: Uint8Array): Promise<string>;
  encrypt(text: string): Promise<Uint8Array>;
  decrypt(message: Uint8Array): Promise<string>;
}

/** How the outcome of a decryption is written: what was said, or the code of the refusal. */
export const said = (text: string): string => `“${text}”`;

/** The sender keys of {@link sender} as the portable engine keeps them. */
export class PortableMember implements Member {
  readonly records = new Map<string, Uint8Array>();
  readonly reads: string[] = [];
  lastChanges: readonly string[] = [];
  readonly #primitives;

  constructor(
    label: string,
    readonly who: DeviceAddress = sender,
  ) {
    this.#primitives = noblePrimitives(seededRandom(label));
  }

  readonly view: EngineView = {
    get: async (keys) => {
      this.reads.push(...keys);
      return keys.map((key) => this.records.get(key));
    },
  };

  async create(): Promise<Uint8Array> {
    const input = { sender: this.who, distributionId };
    return this.#apply(await createSenderKeyDistribution(this.#primitives, this.view, input));
  }

  process(distribution: Uint8Array): Promise<string> {
    return this.#outcome(async () => {
      return this.#apply(await processSenderKeyDistribution(this.view, { sender: this.who, distribution }));
    });
  }

  async encrypt(text: string): Promise<Uint8Array> {
    const input = { sender: this.who, distributionId, plaintext: utf8(text) };
    return this.#apply(await encryptToGroup(this.#primitives, this.view, input));
  }

  decrypt(message: Uint8Array): Promise<string> {
    return this.#outcome(async () => {
      const step = await decryptFromGroup(this.#primitives, this.view, {
        sender: this.who,
        ciphertext: message,
      });
      return said(fromUtf8(this.#apply(step).plaintext));
    });
  }

  async remove(): Promise<void> {
    this.#apply(await removeSenderKey(this.view, { sender: this.who, distributionId }));
  }

  #apply<Result>({ result, changes }: EngineStep<Result>): Result {
    this.lastChanges = changes.map(({ key, value }) => `${value ? 'put' : 'delete'} ${key}`);
    for (const { key, value } of changes) {
      if (value) this.records.set(key, value);
      else if (!this.records.delete(key)) throw new Error(`deleted what is not there: ${key}`);
    }
    return result;
  }

  /** Runs a step that may be refused, and sees that a refusal leaves no trace. */
  async #outcome(step: () => Promise<string>): Promise<string> {
    const before = [...this.records].map(([key, value]) => [key, Buffer.from(value).toString('hex')].join());
    try {
      return await step();
    } catch (error) {
      if (!isSottoError(error)) throw error;
      const after = [...this.records].map(([key, value]) => [key, Buffer.from(value).toString('hex')].join());
      if (after.join() !== before.join())
        throw new Error('a refused step changed a record', { cause: error });
      return error.code;
    }
  }
}

class MemoryStore extends SenderKeyStore {
  readonly records = new Map<string, Uint8Array<ArrayBuffer>>();

  async saveSenderKey(_: ProtocolAddress, id: string, record: SenderKeyRecord): Promise<void> {
    this.records.set(id, record.serialize());
  }

  async getSenderKey(_: ProtocolAddress, id: string): Promise<SenderKeyRecord | null> {
    const record = this.records.get(id);
    return record ? SenderKeyRecord.deserialize(record) : null;
  }
}

/** The same as libsignal keeps them. */
export class NativeMember implements Member {
  readonly #store = new MemoryStore();
  readonly #who = ProtocolAddress.new(sender.accountId, sender.deviceId);

  async create(): Promise<Uint8Array> {
    return (await SenderKeyDistributionMessage.create(this.#who, distributionId, this.#store)).serialize();
  }

  process(distribution: Uint8Array): Promise<string> {
    return nativeOutcome(async () => {
      const message = SenderKeyDistributionMessage.deserialize(plain(distribution));
      await processSenderKeyDistributionMessage(this.#who, message, this.#store);
      return message.distributionId();
    });
  }

  async encrypt(text: string): Promise<Uint8Array> {
    return (await groupEncrypt(this.#who, distributionId, this.#store, plain(utf8(text)))).serialize();
  }

  decrypt(message: Uint8Array): Promise<string> {
    return nativeOutcome(async () =>
      said(fromUtf8(await groupDecrypt(this.#who, this.#store, plain(message)))),
    );
  }
}

async function nativeOutcome(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LibSignalErrorBase)) throw error;
    if (error.code === ErrorCode.DuplicatedMessage) return 'duplicate-message';
    return /sender key state/.test(error.message) ? 'no-sender-key' : 'invalid-message';
  }
}

/** Members by engine. */
export const members: Readonly<Record<string, (label: string) => Member>> = {
  portable: (label) => new PortableMember(label),
  libsignal: () => new NativeMember(),
};

/** A sender whose messages can be of any iteration, with any content. */
export class ScriptedSender {
  readonly chainId: number;
  readonly #signing: PrivateKey;
  readonly #chains: SenderChain[];

  constructor(
    random: SeededRandom,
    options: { readonly chainId?: number; readonly iteration?: number } = {},
  ) {
    this.chainId = options.chainId ?? random.integer(2 ** 31);
    this.#signing = PrivateKey.deserialize(plain(random.bytes(32)));
    this.#chains = [{ iteration: options.iteration ?? 0, key: random.bytes(32) }];
  }

  /** @param iteration - at or after the sender's first */
  distribution(iteration = this.#chains[0]!.iteration): Uint8Array {
    const key = plain(this.#chainAt(iteration).key);
    const signing = this.#signing.getPublicKey();
    return SenderKeyDistributionMessage._new(
      3,
      distributionId,
      this.chainId,
      iteration,
      key,
      signing,
    ).serialize();
  }

  message(iteration: number, text = `message ${iteration}`): Uint8Array {
    const { cipherKey, iv } = messageKeyOf(takeNext(this.#chainAt(iteration)).seed);
    return this.messageWith(iteration, aesCbcEncrypt(cipherKey, iv, utf8(text)));
  }

  /** A message well signed, whatever is in it. */
  messageWith(iteration: number, ciphertext: Uint8Array): Uint8Array {
    const signing = this.#signing;
    return SenderKeyMessage._new(
      3,
      distributionId,
      this.chainId,
      iteration,
      plain(ciphertext),
      signing,
    ).serialize();
  }

  #chainAt(iteration: number): SenderChain {
    const first = this.#chains[0]!.iteration;
    while (this.#chains.length <= iteration - first) this.#chains.push(stepChain(this.#chains.at(-1)!));
    return this.#chains[iteration - first]!;
  }
}
