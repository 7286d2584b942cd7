/** Vectors of group messages: made with OpenSSL, decrypted by libsignal. */
import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import {
  ErrorCode,
  groupDecrypt,
  LibSignalErrorBase,
  processSenderKeyDistributionMessage,
  ProtocolAddress,
  SenderKeyDistributionMessage,
  SenderKeyStore,
  type SenderKeyRecord,
} from '@signalapp/libsignal-client';
import { keyFrom, publicBytes, sign, verdict } from './keys.js';
import { bytesOf, number, sized } from './protobuf.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

type Bytes = Uint8Array<ArrayBuffer>;

const sender = { accountId: '9d0652a3-dcc3-4d11-975f-74d61598733f', deviceId: 3 };
const distributionId = counting(16, 0xa0);
const signing = keyFrom(1);

const hmac = (key: Uint8Array, byte: number) =>
  createHmac('sha256', key).update(Uint8Array.of(byte)).digest();

/** A sender at the beginning of its chain. */
interface Sender {
  readonly chainId: number;
  readonly chainKey: Uint8Array;
  readonly key: typeof signing;
}

const alice: Sender = { chainId: 0x12345678, chainKey: counting(32, 7), key: signing };

function chainKeyAt({ chainKey }: Sender, iteration: number): Uint8Array {
  let key = chainKey;
  for (let index = 0; index < iteration; index += 1) key = hmac(key, 2);
  return key;
}

function distribution(from: Sender, iteration = 0): Bytes {
  const key = chainKeyAt(from, iteration);
  const signingKey = publicBytes(from.key);
  return bytesOf(
    0x33,
    sized(1, distributionId),
    number(2, from.chainId),
    number(3, iteration),
    sized(4, key),
    sized(5, signingKey),
  );
}

function message(from: Sender, iteration: number, text = `message ${iteration}`): Bytes {
  const seed = hmac(chainKeyAt(from, iteration), 1);
  const keys = new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(), 'WhisperGroup', 48));
  const cipher = createCipheriv('aes-256-cbc', keys.subarray(16), keys.subarray(0, 16));
  return signedMessage(from, iteration, bytesOf(cipher.update(text), cipher.final()));
}

function signedMessage(from: Sender, iteration: number, ciphertext: Uint8Array): Bytes {
  const content = bytesOf(
    0x33,
    sized(1, distributionId),
    number(2, from.chainId),
    number(3, iteration),
    sized(4, ciphertext),
  );
  return bytesOf(content, sign(from.key, content));
}

/** What a member was told and what came before; then one message. */
interface Case {
  readonly id: string;
  readonly flags: readonly string[];
  readonly distributions?: readonly Bytes[];
  readonly earlier?: readonly Bytes[];
  readonly message: Bytes;
}

const tampered = message(alice, 0);
const sameChain: Sender = { ...alice, chainKey: counting(32, 8), key: keyFrom(2) };
const others = [1, 2, 3, 4, 5].map((chainId) => ({ ...alice, chainId }));

const cases: readonly Case[] = [
  { id: 'first', flags: ['order'], message: message(alice, 0) },
  { id: 'empty-text', flags: ['order'], message: message(alice, 0, '') },
  { id: 'second', flags: ['order'], earlier: [message(alice, 0)], message: message(alice, 1) },
  { id: 'skipping', flags: ['order'], message: message(alice, 300) },
  { id: 'late', flags: ['order'], earlier: [message(alice, 70)], message: message(alice, 3) },
  { id: 'twice', flags: ['duplicate'], earlier: [message(alice, 0)], message: message(alice, 0) },
  {
    id: 'late-twice',
    flags: ['duplicate'],
    earlier: [message(alice, 5), message(alice, 2)],
    message: message(alice, 2),
  },
  {
    id: 'before-joining',
    flags: ['duplicate'],
    distributions: [distribution(alice, 10)],
    message: message(alice, 9),
  },
  {
    id: 'after-joining',
    flags: ['order'],
    distributions: [distribution(alice, 10)],
    message: message(alice, 10),
  },
  { id: 'farthest-jump', flags: ['limit'], message: message(alice, 25_000) },
  { id: 'jump-too-far', flags: ['limit'], message: message(alice, 25_001) },
  { id: 'oldest-kept', flags: ['limit'], earlier: [message(alice, 2_100)], message: message(alice, 100) },
  { id: 'older-than-kept', flags: ['limit'], earlier: [message(alice, 2_100)], message: message(alice, 99) },
  { id: 'nobody-told', flags: ['unknown'], distributions: [], message: message(alice, 0) },
  {
    id: 'another-chain',
    flags: ['unknown'],
    distributions: others.slice(0, 1).map((each) => distribution(each)),
    message: message(alice, 0),
  },
  {
    id: 'one-of-five',
    flags: ['states'],
    distributions: [alice, ...others.slice(0, 4)].map((each) => distribution(each)),
    message: message(alice, 0),
  },
  {
    id: 'one-of-six',
    flags: ['states'],
    distributions: [alice, ...others].map((each) => distribution(each)),
    message: message(alice, 0),
  },
  {
    id: 'told-again',
    flags: ['states'],
    distributions: [alice, ...others.slice(0, 4), alice, others[4] as Sender].map((each) =>
      distribution(each),
    ),
    message: message(alice, 0),
  },
  {
    id: 'told-again-further-on',
    flags: ['states'],
    distributions: [distribution(alice), distribution(alice, 9)],
    message: message(alice, 0),
  },
  {
    id: 'same-chain-other-key',
    flags: ['states'],
    distributions: [alice, sameChain].map((each) => distribution(each)),
    message: message(sameChain, 0),
  },
  {
    id: 'same-chain-former-key',
    flags: ['states'],
    distributions: [alice, sameChain].map((each) => distribution(each)),
    message: message(alice, 0),
  },
  { id: 'tampered', flags: ['forged'], message: tampered.with(40, (tampered[40] as number) ^ 1) },
  {
    id: 'tampered-signature',
    flags: ['forged'],
    message: tampered.with(-1, (tampered.at(-1) as number) ^ 0x10),
  },
  { id: 'bad-padding', flags: ['forged'], message: signedMessage(alice, 0, counting(32)) },
  { id: 'no-block', flags: ['forged'], message: signedMessage(alice, 0, new Uint8Array()) },
];

class Memory extends SenderKeyStore {
  readonly #records = new Map<string, SenderKeyRecord>();

  saveSenderKey(_: ProtocolAddress, id: string, record: SenderKeyRecord): Promise<void> {
    this.#records.set(id, record);
    return Promise.resolve();
  }

  getSenderKey(_: ProtocolAddress, id: string): Promise<SenderKeyRecord | null> {
    return Promise.resolve(this.#records.get(id) ?? null);
  }
}

async function decrypted({
  distributions,
  earlier,
  message: last,
}: Required<Case>): Promise<string | { plaintext: string }> {
  const [store, from] = [new Memory(), ProtocolAddress.new(sender.accountId, sender.deviceId)];
  for (const bytes of distributions) {
    await processSenderKeyDistributionMessage(from, SenderKeyDistributionMessage.deserialize(bytes), store);
  }
  for (const bytes of earlier) await groupDecrypt(from, store, bytes);
  try {
    return { plaintext: hex(await groupDecrypt(from, store, last)) };
  } catch (error) {
    if (!(error instanceof LibSignalErrorBase)) throw error;
    if (error.code === ErrorCode.DuplicatedMessage) return 'duplicate-message';
    return error.message.includes('sender key state') ? 'no-sender-key' : 'invalid-message';
  }
}

async function test({ id, flags, ...rest }: Case): Promise<VectorTest> {
  const { distributions = [distribution(alice)], earlier = [], message: last } = rest;
  const input = {
    sender,
    distributions: distributions.map(hex),
    earlier: earlier.map(hex),
    message: hex(last),
  };
  const source = 'AES, HMAC and HKDF by OpenSSL; libsignal 0.103.0';
  return verdict(
    { id, flags, source, input },
    await decrypted({ id, flags, distributions, earlier, message: last }),
  );
}

/** `sender-keys.json`. */
export async function senderKeyVectors(): Promise<VectorFile> {
  return {
    operation: 'decrypt-group-message',
    schemaVersion: 1,
    about:
      'Group messages under sender keys: what a member was told, which messages came before, and one message.',
    hex: ['distributions', 'earlier', 'message', 'plaintext'],
    tests: await Promise.all(cases.map(test)),
  };
}
