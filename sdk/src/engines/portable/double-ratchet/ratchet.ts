/**
 * The steps of a Double Ratchet (spec: double-ratchet 3.3 and 3.4): which seed a message has, and the
 * state after it. Knows no message, no identity and no address, and authenticates nothing: whoever calls
 * keeps a new state only when the message proved genuine.
 */
import { SottoError } from '../../../errors.js';
import type { KeyPair, RatchetKey, RemoteRatchetKey } from '../primitives/keys.js';
import type { Curve25519 } from '../primitives/primitives.js';
import { noSkippedKeys, type SkippedKeys } from '../records/skipped-keys.js';
import { seedOf, stepChain, stepRootKey, type ChainKey } from './kdf.js';
import { maxReceivingChains, type DoubleRatchet, type ReceivingChain, type SendingChain } from './state.js';

/** Seeds set aside in one receiving chain; the oldest are dropped (spec 3.2). */
const maxSkippedSeeds = 2_000;

/** Counters are unsigned 32-bit numbers on the wire. */
const maxCounter = 0xffffffff;

/** What a message to send is made with. */
export interface SendingStep {
  readonly state: DoubleRatchet;
  readonly ratchetKey: RatchetKey;
  readonly counter: number;
  readonly previousCounter: number;
  readonly seed: Uint8Array;
}

/**
 * The next message to send. Makes up for the half of a ratchet step that was put off, if it was.
 * @throws SottoError `engine-record-invalid` when the chain has no numbers left
 */
export async function sendingStep(curve: Curve25519, state: DoubleRatchet): Promise<SendingStep> {
  const { rootKey, sending } = state.sending
    ? { rootKey: state.rootKey, sending: state.sending }
    : await promisedChain(curve, state);
  const { chain, ratchetKey } = sending;
  if (chain.index > maxCounter) throw new SottoError('engine-record-invalid');
  return {
    state: { ...state, rootKey, sending: { ratchetKey, chain: stepChain(chain) } },
    ratchetKey: ratchetKey.publicKey,
    counter: chain.index,
    previousCounter: state.previousCounter,
    seed: seedOf(chain),
  };
}

async function promisedChain(
  curve: Curve25519,
  state: DoubleRatchet,
): Promise<{ readonly rootKey: Uint8Array; readonly sending: SendingChain }> {
  const newest = state.receiving.at(-1);
  if (!newest) throw new SottoError('engine-record-invalid');
  const ratchetKey = (await curve.generateKeyPair()) as KeyPair<'ratchet'>;
  const agreement = await curve.agree(ratchetKey.privateKey, newest.remoteRatchetKey);
  const { rootKey, chain } = stepRootKey(state.rootKey, agreement);
  return { rootKey, sending: { ratchetKey, chain } };
}

/** What says which key a received message has. */
export interface ReceivedHeader {
  readonly ratchetKey: RemoteRatchetKey;
  readonly counter: number;
}

/** What a receiving step needs besides the state. */
export interface ReceivingOptions {
  /** How far a message may be ahead of its chain. */
  readonly maxJump: number;
  /** Opens the working copy of a chain's skipped seeds. */
  readonly openSkipped: (chain: ReceivingChain) => SkippedKeys;
}

/**
 * The seed of a received message.
 * @throws SottoError `duplicate-message`, `invalid-message`; `invalid-key` for a ratchet key of low order
 */
export async function receivingStep(
  curve: Curve25519,
  state: DoubleRatchet,
  header: ReceivedHeader,
  options: ReceivingOptions,
): Promise<{ readonly state: DoubleRatchet; readonly seed: Uint8Array }> {
  const position = state.receiving.findIndex((chain) => sameKey(chain.remoteRatchetKey, header.ratchetKey));
  // Before anything costly: a forged counter must not buy an agreement, let alone 2^32 steps.
  const index = state.receiving[position]?.chain.index ?? 0;
  if (header.counter - index > options.maxJump) throw new SottoError('invalid-message');
  const turned = position >= 0 ? state : await turnRatchet(curve, state, header.ratchetKey);
  const receiving = [...turned.receiving];
  const at = position >= 0 ? position : receiving.length - 1;
  const { chain, seed } = await takeSeed(receiving[at] as ReceivingChain, header.counter, options);
  receiving[at] = chain;
  return { state: { ...turned, receiving }, seed };
}

/** Ratchet keys are public: an early exit shows nothing. */
function sameKey(left: RemoteRatchetKey, right: RemoteRatchetKey): boolean {
  return left.every((byte, index) => byte === right[index]);
}

/**
 * The first half of a ratchet step: a receiving chain for a new key of theirs. The second half is
 * promised, see {@link DoubleRatchet.sending}.
 *
 * While it is promised there can be no other new key: they make one when they hear of a new one of ours,
 * and nothing was sent yet. Refusing it here is what the authentication would end in, without its cost.
 */
async function turnRatchet(
  curve: Curve25519,
  state: DoubleRatchet,
  theirKey: RemoteRatchetKey,
): Promise<DoubleRatchet> {
  const { sending } = state;
  if (!sending) throw new SottoError('invalid-message');
  const agreement = await curve.agree(sending.ratchetKey.privateKey, theirKey);
  const { rootKey, chain } = stepRootKey(state.rootKey, agreement);
  const added = { number: state.nextChainNumber, remoteRatchetKey: theirKey, chain, skipped: noSkippedKeys };
  return {
    rootKey,
    sending: undefined,
    receiving: [...state.receiving, added].slice(-maxReceivingChains),
    nextChainNumber: state.nextChainNumber + 1,
    // One less than the chain's length, as the protocol's peers write it; nobody reads it.
    previousCounter: Math.max(0, sending.chain.index - 1),
  };
}

interface TakenSeed {
  readonly chain: ReceivingChain;
  readonly seed: Uint8Array;
}

async function takeSeed(
  receiving: ReceivingChain,
  counter: number,
  { openSkipped }: ReceivingOptions,
): Promise<TakenSeed> {
  const { chain } = receiving;
  if (counter === chain.index) {
    return { chain: { ...receiving, chain: stepChain(chain) }, seed: seedOf(chain) };
  }
  const skipped = openSkipped(receiving);
  return counter < chain.index
    ? takeSkipped(receiving, counter, skipped)
    : skipTo(receiving, counter, skipped);
}

async function takeSkipped(
  receiving: ReceivingChain,
  counter: number,
  skipped: SkippedKeys,
): Promise<TakenSeed> {
  const seed = await skipped.take(counter);
  if (!seed) throw new SottoError('duplicate-message');
  return { chain: { ...receiving, skipped: skipped.directory() }, seed };
}

/** Sets the seeds of all messages before one aside: of a long row only those that would be kept. */
async function skipTo(receiving: ReceivingChain, counter: number, skipped: SkippedKeys): Promise<TakenSeed> {
  const first = Math.max(receiving.chain.index, counter - maxSkippedSeeds);
  const seeds: Uint8Array[] = [];
  let chain: ChainKey = receiving.chain;
  while (chain.index < counter) {
    if (chain.index >= first) seeds.push(seedOf(chain));
    chain = stepChain(chain);
  }
  await skipped.store(first, seeds);
  await skipped.keepNewest(maxSkippedSeeds);
  const after = { ...receiving, chain: stepChain(chain), skipped: skipped.directory() };
  return { chain: after, seed: seedOf(chain) };
}
