/**
 * The port's steps for groups (spec: sender-keys) but the one that decrypts. Each reads one record. Knows no
 * group, no member and no rotation.
 */
import { SottoError } from '../../../errors.js';
import type { EngineStep, EngineView, SenderKeyInput } from '../../../ports/index.js';
import type { DeviceAddress } from '../../../wire/index.js';
import {
  chainKeyLength,
  parseSenderKeyDistributionMessage,
  serializeSenderKeyDistributionMessage,
  serializeSenderKeyMessage,
} from '../messages/sender-key-messages.js';
import { uuidBytes, uuidText } from '../messages/uuid.js';
import type { KeyPair } from '../primitives/keys.js';
import type { Primitives } from '../primitives/primitives.js';
import { xeddsaSign } from '../primitives/xeddsa.js';
import { maxIteration, messageKeyOf, takeNext } from './chain.js';
import {
  addSenderKey,
  emptySenderKeyRecord,
  withState,
  type NewSenderKey,
  type SenderKeyRecord,
  type SenderKeyState,
} from './record.js';
import { SenderKeyStore } from './store.js';

/** See `GroupCipher.createSenderKeyDistribution`. */
export async function createSenderKeyDistribution(
  primitives: Primitives,
  view: EngineView,
  input: SenderKeyInput,
): Promise<EngineStep<Uint8Array>> {
  const store = new SenderKeyStore(view, input);
  const known = await store.load();
  if (known) return { result: distributionOf(input, known), changes: [] };
  const { record } = addSenderKey(emptySenderKeyRecord, await generateSenderKey(primitives));
  return { result: distributionOf(input, record), changes: [store.put(record)] };
}

async function generateSenderKey({ curve, random }: Primitives): Promise<NewSenderKey> {
  const { publicKey, privateKey } = (await curve.generateKeyPair()) as KeyPair<'sender-signing'>;
  const [a, b, c, d] = random.bytes(4) as unknown as [number, number, number, number];
  // 31 bits: some of the protocol's peers keep it in a signed number.
  const chainId = ((a << 24) | (b << 16) | (c << 8) | d) >>> 1;
  return {
    chainId,
    chain: { iteration: 0, key: random.bytes(chainKeyLength) },
    signingKey: publicKey,
    privateKey,
  };
}

function distributionOf({ distributionId }: SenderKeyInput, record: SenderKeyRecord): Uint8Array {
  const { chainId, chain, signingKey } = newestState(record);
  return serializeSenderKeyDistributionMessage({
    distributionId: uuidBytes(distributionId) as Uint8Array,
    chainId,
    iteration: chain.iteration,
    chainKey: chain.key,
    signingKey,
  });
}

function newestState({ states }: SenderKeyRecord): SenderKeyState {
  const [newest] = states;
  if (!newest) throw new SottoError('engine-record-invalid');
  return newest;
}

/** See `GroupCipher.processSenderKeyDistribution`. */
export async function processSenderKeyDistribution(
  view: EngineView,
  input: { readonly sender: DeviceAddress; readonly distribution: Uint8Array },
): Promise<EngineStep<string>> {
  const message = parseSenderKeyDistributionMessage(input.distribution);
  const distributionId = uuidText(message.distributionId);
  const store = new SenderKeyStore(view, { sender: input.sender, distributionId });
  const before = (await store.load()) ?? emptySenderKeyRecord;
  const { record, dropped } = addSenderKey(before, {
    chainId: message.chainId,
    chain: { iteration: message.iteration, key: message.chainKey },
    signingKey: message.signingKey,
  });
  const changes = record === before ? [] : [store.put(record), ...store.deletePages(dropped)];
  return { result: distributionId, changes };
}

/** See `GroupCipher.encryptToGroup`. */
export async function encryptToGroup(
  primitives: Primitives,
  view: EngineView,
  input: SenderKeyInput & { readonly plaintext: Uint8Array },
): Promise<EngineStep<Uint8Array>> {
  const store = new SenderKeyStore(view, input);
  const record = await store.load();
  if (!record) throw new SottoError('no-sender-key');
  const state = newestState(record);
  const { chain, chainId, signingKey, privateKey } = state;
  if (!privateKey) throw new SottoError('no-sender-key');
  if (chain.iteration >= maxIteration) throw new SottoError('engine-record-invalid');
  const { seed, after } = takeNext(chain);
  const { cipherKey, iv } = messageKeyOf(seed);
  const message = {
    distributionId: uuidBytes(input.distributionId) as Uint8Array,
    chainId,
    iteration: chain.iteration,
    ciphertext: await primitives.ciphers.aesCbcEncrypt(cipherKey, iv, input.plaintext),
  };
  const result = serializeSenderKeyMessage(message, (signed) =>
    xeddsaSign(primitives, { privateKey, publicKey: signingKey }, signed),
  );
  return { result, changes: [store.put(withState(record, { ...state, chain: after }))] };
}

/** See `GroupCipher.removeSenderKey`. */
export async function removeSenderKey(
  view: EngineView,
  input: SenderKeyInput,
): Promise<EngineStep<undefined>> {
  return { result: undefined, changes: await new SenderKeyStore(view, input).deleteAll() };
}
