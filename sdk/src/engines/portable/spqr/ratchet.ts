/**
 * SPQR, the sparse post-quantum ratchet (spec: spqr 4.1 and 4.8): one message and one key per message of a
 * session. Joins the braid, which agrees on secrets, with the chains, which keys come from. Knows no
 * session, and authenticates nothing but the braid's own objects: whoever calls keeps the state after a
 * received message only when the whole message proved genuine.
 */
import type { Random } from '../../../ports/index.js';
import { noSkippedKeys, type SkippedKeys } from '../records/skipped-keys.js';
import { initialBraid, type Braid, type SpqrRole } from './braid.js';
import { braidReceive } from './braid-receive.js';
import { braidSend } from './braid-send.js';
import { addEpoch, newChain, receiveKey, sendKey, type Chain, type Link } from './chain.js';
import { parsePayload, parsePrefix, serializeMessage, spqrVersion, type MessagePrefix } from './message.js';
import { refusal } from './refusal.js';

/** The state of the ratchet. Byte strings in it are shared between states and never written to. */
export interface SpqrState {
  readonly braid: Braid;
  readonly chain: Chain;
  /** Until the first message of our version arrived: messages of later versions are met half-way. */
  readonly negotiating: boolean;
}

/** What a ratchet begins with. */
export interface SpqrOptions {
  readonly role: SpqrRole;
  /** The handshake's key for this ratchet, 32 bytes. */
  readonly authKey: Uint8Array;
  /** How far a message may be ahead of its chain. */
  readonly maxJump: number;
}

/** The working copies of the keys set aside, of which a step may ask for one. */
export interface SpqrSkippedKeys {
  /** @param chainEpoch - of the link whose directory it is opened with */
  of(chainEpoch: number): SkippedKeys;
  /** Asked before so many steps of a chain. */
  readonly spend?: (steps: number) => void;
}

/** What a message is sent with. */
export interface SpqrSent {
  readonly state: SpqrState;
  /** Goes into the SignalMessage. */
  readonly message: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** What a received message gave. */
export interface SpqrReceived {
  readonly state: SpqrState;
  /** 32 bytes; `undefined` for a message that says it has none. */
  readonly key: Uint8Array | undefined;
}

/** The state of a session's beginning. */
export function initialSpqrState({ role, authKey, maxJump }: SpqrOptions): SpqrState {
  return { braid: initialBraid(role, authKey), chain: newChain(role, authKey, maxJump), negotiating: true };
}

/**
 * The next message to send. Chains of epochs before the one before are forgotten, with their directories.
 * @throws SottoError `engine-record-invalid` when the chain has no index left
 */
export function spqrSend(state: SpqrState, random: Random): SpqrSent {
  const { epoch } = state.braid;
  const { braid, payload, secret } = braidSend(state.braid, random);
  const grown = secret ? addEpoch(state.chain, secret) : state.chain;
  const { chain, index, key } = sendKey(grown, chainEpochOf(epoch));
  return { state: { ...state, braid, chain }, message: serializeMessage({ epoch, index, payload }), key };
}

/**
 * Takes a received message.
 * @param message - as in the SignalMessage; empty where it has none, which is refused
 * @param skipped - after success the caller writes the pages of what was opened; the directories are in the state
 * @throws SottoError `invalid-message`, with a `RefusalReason` as its cause
 */
export async function spqrReceive(
  state: SpqrState,
  message: Uint8Array,
  skipped: SpqrSkippedKeys,
): Promise<SpqrReceived> {
  if (message.length === 0) throw refusal('MinimumVersion');
  const prefix = parsePrefix(message);
  if (prefix.version === 0) throw refusal('MinimumVersion');
  return prefix.version === spqrVersion
    ? receiveOurVersion(state, prefix, message, skipped)
    : receiveLaterVersion(state, prefix, skipped);
}

async function receiveOurVersion(
  state: SpqrState,
  { epoch, index, end }: MessagePrefix,
  message: Uint8Array,
  skipped: SpqrSkippedKeys,
): Promise<SpqrReceived> {
  const { braid, secret } = braidReceive(state.braid, epoch, parsePayload(message, end));
  const chain = secret ? addEpoch(state.chain, secret) : state.chain;
  const after = { braid, chain, negotiating: false };
  if (epoch === 1 && index === 0) return { state: after, key: undefined };
  return takeKey(after, chainEpochOf(epoch), index, skipped);
}

/** A peer that speaks a later version as well hears from us which one it is to be. */
async function receiveLaterVersion(
  state: SpqrState,
  { index }: MessagePrefix,
  skipped: SpqrSkippedKeys,
): Promise<SpqrReceived> {
  if (!state.negotiating) throw refusal('VersionMismatch');
  return index === 0 ? { state, key: undefined } : takeKey(state, 0, index, skipped);
}

async function takeKey(
  state: SpqrState,
  chainEpoch: number,
  index: number,
  skipped: SpqrSkippedKeys,
): Promise<SpqrReceived> {
  const { chain, key } = await receiveKey(
    state.chain,
    chainEpoch,
    index,
    (epoch) => skipped.of(epoch),
    skipped.spend,
  );
  return { state: { ...state, chain }, key };
}

/** An epoch's secret is used from the epoch after it on, when both sides have it. */
function chainEpochOf(epoch: number): number {
  return epoch - 1;
}

/** The chains kept, each with the directory of its keys set aside. */
export function spqrLinks({ chain }: SpqrState): readonly Pick<Link, 'epoch' | 'skipped'>[] {
  return chain.links;
}

/** The directory of an epoch's keys set aside. */
export function spqrDirectory({ chain }: SpqrState, chainEpoch: number): Uint8Array {
  return chain.links.find(({ epoch }) => epoch === chainEpoch)?.skipped ?? noSkippedKeys;
}
