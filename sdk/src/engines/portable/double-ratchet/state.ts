/**
 * The state of a Double Ratchet and its two beginnings (spec: double-ratchet 3.2, pqxdh 2.3 and 2.4).
 * Knows no message, no identity and no address.
 */
import type { KeyPair, PrivateKey, RatchetKey, RemoteRatchetKey } from '../primitives/keys.js';
import type { Curve25519 } from '../primitives/primitives.js';
import { noSkippedKeys } from '../records/skipped-keys.js';
import { stepRootKey, type ChainKey } from './kdf.js';

/** Receiving chains kept; a message of an older one cannot be decrypted (spec 3.2). */
export const maxReceivingChains = 5;

/** The chain we send with. */
export interface SendingChain {
  readonly ratchetKey: KeyPair<'ratchet'>;
  readonly chain: ChainKey;
}

/**
 * What may stand in its place from a step of the ratchet until we send: our next key, whose agreement with the
 * newest receiving chain's waits for the first message under it. The bytes on the wire are the same, a
 * message is decrypted in half the time, and a state that is restored from a copy is still the same state.
 */
export interface PromisedChain {
  readonly privateKey: PrivateKey;
}

/** A chain the other side sends with. */
export interface ReceivingChain {
  /** Names the chain's skipped keys; never given twice in one state. */
  readonly number: number;
  readonly remoteRatchetKey: RemoteRatchetKey;
  readonly chain: ChainKey;
  /** Directory of the seeds set aside, see `records/skipped-keys.ts`. */
  readonly skipped: Uint8Array;
}

/** A Double Ratchet. Byte strings in it are shared between states and never written to. */
export interface DoubleRatchet {
  /** 32 bytes. */
  readonly rootKey: Uint8Array;
  /** Only promised from a step of the ratchet until we send. */
  readonly sending: SendingChain | PromisedChain;
  /** Oldest first. At least one where `sending` is only promised. */
  readonly receiving: readonly ReceivingChain[];
  readonly nextChainNumber: number;
  /** Of the sending chain before; goes into every message for information. */
  readonly previousCounter: number;
}

/** Secrets of a handshake that a ratchet begins with, 32 bytes each. */
export interface HandshakeKeys {
  readonly rootKey: Uint8Array;
  readonly chainKey: Uint8Array;
}

/**
 * The initiator's beginning: the recipient's signed pre-key counts as its first ratchet key.
 * @throws SottoError `invalid-key` when that key is of low order
 */
export async function initiatorRatchet(
  curve: Curve25519,
  keys: HandshakeKeys,
  theirSignedPreKey: RemoteRatchetKey,
): Promise<DoubleRatchet> {
  const ratchetKey = (await curve.generateKeyPair()) as KeyPair<'ratchet'>;
  const agreement = await curve.agree(ratchetKey.privateKey, theirSignedPreKey);
  const { rootKey, chain } = stepRootKey(keys.rootKey, agreement);
  const first = { number: 0, remoteRatchetKey: theirSignedPreKey, skipped: noSkippedKeys };
  return {
    rootKey,
    sending: { ratchetKey, chain },
    receiving: [{ ...first, chain: { key: keys.chainKey, index: 0 } }],
    nextChainNumber: 1,
    previousCounter: 0,
  };
}

/** The recipient's beginning: our signed pre-key is the first ratchet key, and nothing is ever sent under it. */
export function recipientRatchet(keys: HandshakeKeys, ourSignedPreKey: KeyPair<'ratchet'>): DoubleRatchet {
  return {
    rootKey: keys.rootKey,
    sending: { ratchetKey: ourSignedPreKey, chain: { key: keys.chainKey, index: 0 } },
    receiving: [],
    nextChainNumber: 0,
    previousCounter: 0,
  };
}

/** Whether a chain is only promised. */
export function isPromised(sending: SendingChain | PromisedChain): sending is PromisedChain {
  return 'privateKey' in sending;
}

/** The key we send under, or shall. */
export async function currentRatchetKey(curve: Curve25519, { sending }: DoubleRatchet): Promise<RatchetKey> {
  if (!isPromised(sending)) return sending.ratchetKey.publicKey;
  return (await curve.publicKeyOf(sending.privateKey)) as RatchetKey;
}
