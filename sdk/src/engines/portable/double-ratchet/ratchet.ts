/**
 * The steps of a Double Ratchet (spec: double-ratchet 3.3 and 3.4): which seed a message has, and the
 * state after it. Knows no message, no identity and no address, and authenticates nothing: whoever calls
 * keeps a new state only when the message proved genuine.
 */
import { SottoError } from '../../../errors.js';
import {
  parsePrivateKey,
  privateKeyLength,
  type KeyPair,
  type PrivateKey,
  type RatchetKey,
  type RemoteRatchetKey,
} from '../primitives/keys.js';
import type { Curve25519, Primitives } from '../primitives/primitives.js';
import { noSkippedKeys, type SkippedKeys } from '../records/skipped-keys.js';
import { stepChain, stepRootKey, takeNext, type ChainKey } from './kdf.js';
import {
  isPromised,
  maxReceivingChains,
  type DoubleRatchet,
  type PromisedChain,
  type ReceivingChain,
  type SendingChain,
} from './state.js';

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
  const { rootKey, sending } = await withSendingChain(curve, state);
  const { chain, ratchetKey } = sending;
  if (chain.index > maxCounter) throw new SottoError('engine-record-invalid');
  const { seed, after } = takeNext(chain);
  return {
    state: { ...state, rootKey, sending: { ratchetKey, chain: after } },
    ratchetKey: ratchetKey.publicKey,
    counter: chain.index,
    previousCounter: state.previousCounter,
    seed,
  };
}

async function withSendingChain(
  curve: Curve25519,
  state: DoubleRatchet,
): Promise<{ readonly rootKey: Uint8Array; readonly sending: SendingChain }> {
  const { rootKey, sending } = state;
  if (!isPromised(sending)) return { rootKey, sending };
  const { privateKey } = sending;
  const [publicKey, kept] = await Promise.all([
    curve.publicKeyOf(privateKey),
    keepPromise(curve, state, sending),
  ]);
  const ratchetKey = { publicKey: publicKey as RatchetKey, privateKey };
  return { rootKey: kept.rootKey, sending: { ratchetKey, chain: kept.chain } };
}

/** The second half of a ratchet step, where it was put off. */
async function keepPromise(
  curve: Curve25519,
  { rootKey, receiving }: DoubleRatchet,
  { privateKey }: PromisedChain,
): Promise<{ readonly rootKey: Uint8Array; readonly chain: ChainKey }> {
  const newest = receiving.at(-1);
  if (!newest) throw new SottoError('engine-record-invalid');
  return stepRootKey(rootKey, await curve.agree(privateKey, newest.remoteRatchetKey));
}

/** What a step of the ratchet takes from its host. */
export type RatchetPrimitives = Pick<Primitives, 'curve' | 'random'>;

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
  /** Asked before so many steps of a chain. */
  readonly spend?: (steps: number) => void;
}

/**
 * The seed of a received message.
 * @throws SottoError `duplicate-message`, `invalid-message`; `invalid-key` for a ratchet key of low order
 */
export async function receivingStep(
  primitives: RatchetPrimitives,
  state: DoubleRatchet,
  header: ReceivedHeader,
  options: ReceivingOptions,
): Promise<{ readonly state: DoubleRatchet; readonly seed: Uint8Array }> {
  const position = state.receiving.findIndex((chain) => sameKey(chain.remoteRatchetKey, header.ratchetKey));
  // Before anything costly: a forged counter must not buy an agreement, let alone 2^32 steps.
  const index = state.receiving[position]?.chain.index ?? 0;
  if (header.counter - index > options.maxJump) throw new SottoError('invalid-message');
  if (header.counter > index) options.spend?.(header.counter - index);
  const turned = position >= 0 ? state : await turnRatchet(primitives, state, header.ratchetKey);
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
 * The first half of a ratchet step: a receiving chain for a new key of theirs, and a promise of a sending
 * one. Of a platform that answers later both agreements are asked for at once, which is two turns through its
 * queue instead of four: then nothing is left to promise.
 */
async function turnRatchet(
  { curve, random }: RatchetPrimitives,
  state: DoubleRatchet,
  theirKey: RemoteRatchetKey,
): Promise<DoubleRatchet> {
  const from = await keptPromise(curve, state);
  const privateKey = parsePrivateKey(random.bytes(privateKeyLength));
  const agreeing = curve.agree(from.privateKey, theirKey);
  const later = agreeing instanceof Promise;
  const [agreement, ahead] = await Promise.all([
    agreeing,
    later ? agreeAhead(curve, privateKey, theirKey) : undefined,
  ]);
  const { rootKey, chain } = stepRootKey(from.rootKey, agreement);
  const added = { number: state.nextChainNumber, remoteRatchetKey: theirKey, chain, skipped: noSkippedKeys };
  return {
    ...(ahead ? completed(rootKey, ahead) : { rootKey, sending: { privateKey } }),
    receiving: [...state.receiving, added].slice(-maxReceivingChains),
    nextChainNumber: state.nextChainNumber + 1,
    // One less than the chain's length, as the protocol's peers write it; nobody reads it.
    previousCounter: Math.max(0, from.chain.index - 1),
  };
}

/**
 * What the ratchet turns from. While a promise stands they have heard of no newer key of ours and make none
 * themselves: another key of theirs is forged then, or our state was restored from a copy that is older than
 * what we sent. For the latter the earlier step is completed first.
 */
async function keptPromise(
  curve: Curve25519,
  state: DoubleRatchet,
): Promise<{ readonly rootKey: Uint8Array; readonly chain: ChainKey; readonly privateKey: PrivateKey }> {
  const { rootKey, sending } = state;
  if (!isPromised(sending))
    return { rootKey, chain: sending.chain, privateKey: sending.ratchetKey.privateKey };
  return { ...(await keepPromise(curve, state, sending)), privateKey: sending.privateKey };
}

/** Our next key and its agreement with theirs. */
interface AheadStep {
  readonly ratchetKey: KeyPair<'ratchet'>;
  readonly agreement: Uint8Array;
}

async function agreeAhead(
  curve: Curve25519,
  privateKey: PrivateKey,
  theirKey: RemoteRatchetKey,
): Promise<AheadStep> {
  const [agreement, publicKey] = await Promise.all([
    curve.agree(privateKey, theirKey),
    curve.publicKeyOf(privateKey),
  ]);
  return { ratchetKey: { publicKey: publicKey as RatchetKey, privateKey }, agreement };
}

/** The second half of a ratchet step, with what was asked for ahead. */
function completed(
  turnedRootKey: Uint8Array,
  { ratchetKey, agreement }: AheadStep,
): Pick<DoubleRatchet, 'rootKey' | 'sending'> {
  const { rootKey, chain } = stepRootKey(turnedRootKey, agreement);
  return { rootKey, sending: { ratchetKey, chain } };
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
    const { seed, after } = takeNext(chain);
    return { chain: { ...receiving, chain: after }, seed };
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
  while (chain.index < first) chain = stepChain(chain);
  while (chain.index < counter) {
    const { seed, after } = takeNext(chain);
    seeds.push(seed);
    chain = after;
  }
  await skipped.store(first, seeds);
  await skipped.keepNewest(maxSkippedSeeds);
  const { seed, after } = takeNext(chain);
  return { chain: { ...receiving, chain: after, skipped: skipped.directory() }, seed };
}
