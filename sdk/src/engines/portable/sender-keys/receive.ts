/** Decrypting group messages (spec: sender-keys 5.3). Knows no group and no member. */
import { isSottoError, SottoError } from '../../../errors.js';
import type { DecryptedGroupMessage, EngineStep, EngineView } from '../../../ports/index.js';
import { verifySignatureLater } from '../../../verification/xeddsa.js';
import type { DeviceAddress } from '../../../wire/index.js';
import { parseSenderKeyMessage, type SenderKeyMessage } from '../messages/sender-key-messages.js';
import { uuidText } from '../messages/uuid.js';
import type { Ciphers, Primitives } from '../primitives/primitives.js';
import type { SkippedKeys } from '../records/skipped-keys.js';
import { maxIteration, messageKeyOf, stepChain, takeNext, type SenderChain } from './chain.js';
import { withState, type SenderKeyState } from './record.js';
import { SenderKeyStore } from './store.js';

/** How far a message may be ahead of its chain. */
const maxJump = 25_000;

/** Seeds set aside for messages that may still come; the oldest are dropped. */
const maxSkippedSeeds = 2_000;

/** See `GroupCipher.decryptFromGroup`. */
export async function decryptFromGroup(
  { ciphers }: Primitives,
  view: EngineView,
  input: { readonly sender: DeviceAddress; readonly ciphertext: Uint8Array },
): Promise<EngineStep<DecryptedGroupMessage>> {
  const message = parseSenderKeyMessage(input.ciphertext);
  const distributionId = uuidText(message.distributionId);
  const store = new SenderKeyStore(view, { sender: input.sender, distributionId });
  const record = await store.load();
  const state = record?.states.find(({ chainId }) => chainId === message.chainId);
  if (!record || !state) throw new SottoError('no-sender-key');
  await assertSigned(state, message);
  const skipped = store.openSkipped(state);
  const { chain, seed } = await takeSeed(state.chain, message.iteration, skipped);
  const plaintext = await decryptWith(ciphers, seed, message);
  const after = { ...state, chain, skipped: skipped.directory() };
  const changes = [store.put(withState(record, after)), ...store.putSkipped(state, skipped)];
  return { result: { distributionId, plaintext }, changes };
}

async function assertSigned(
  { signingKey }: SenderKeyState,
  { signed, signature }: SenderKeyMessage,
): Promise<void> {
  try {
    await verifySignatureLater(signingKey, signed, signature);
  } catch (error) {
    if (isSottoError(error)) throw new SottoError('invalid-message', { cause: error });
    throw error;
  }
}

interface TakenSeed {
  readonly chain: SenderChain;
  readonly seed: Uint8Array;
}

async function takeSeed(chain: SenderChain, iteration: number, skipped: SkippedKeys): Promise<TakenSeed> {
  if (iteration < chain.iteration) {
    const seed = await skipped.take(iteration);
    if (!seed) throw new SottoError('duplicate-message');
    return { chain, seed };
  }
  // No iteration may follow the last one: its message is refused before anything is derived.
  if (iteration - chain.iteration > maxJump || iteration >= maxIteration)
    throw new SottoError('invalid-message');
  const reached = await skipTo(chain, iteration, skipped);
  const { seed, after } = takeNext(reached);
  return { chain: after, seed };
}

/** Walks a chain on, and sets aside the seeds it passes, as far as they are kept. */
async function skipTo(chain: SenderChain, iteration: number, skipped: SkippedKeys): Promise<SenderChain> {
  if (iteration === chain.iteration) return chain;
  const firstKept = Math.max(chain.iteration, iteration - maxSkippedSeeds);
  const seeds: Uint8Array[] = [];
  let reached = chain;
  while (reached.iteration < firstKept) reached = stepChain(reached);
  while (reached.iteration < iteration) {
    const { seed, after } = takeNext(reached);
    seeds.push(seed);
    reached = after;
  }
  await skipped.keepNewest(maxSkippedSeeds - seeds.length);
  await skipped.store(firstKept, seeds);
  return reached;
}

async function decryptWith(
  ciphers: Ciphers,
  seed: Uint8Array,
  { ciphertext }: SenderKeyMessage,
): Promise<Uint8Array> {
  const { cipherKey, iv } = messageKeyOf(seed);
  const plaintext = await ciphers.aesCbcDecrypt(cipherKey, iv, ciphertext);
  if (!plaintext) throw new SottoError('invalid-message');
  return plaintext;
}
