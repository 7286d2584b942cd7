/** The key derivations of the Double Ratchet (spec: double-ratchet 3.1). Knows no state and no message. */
import { utf8 } from '../../../bytes.js';
import { hkdf, hmacSha256, hmacSha256Pair } from '../primitives/hash.js';

/** A symmetric chain at one position. */
export interface ChainKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Of the message key that comes next. */
  readonly index: number;
}

/** What one message is encrypted and authenticated with. */
export interface MessageKeys {
  /** 32 bytes, AES-256-CBC. */
  readonly cipherKey: Uint8Array;
  /** 32 bytes, HMAC-SHA-256. */
  readonly macKey: Uint8Array;
  /** 16 bytes. */
  readonly iv: Uint8Array;
}

const rootInfo = utf8('WhisperRatchet');
const messageInfo = utf8('WhisperMessageKeys');
const seedInput = Uint8Array.of(0x01);
const chainInput = Uint8Array.of(0x02);

/** `KDF_RK`: a new root key, and a chain at its beginning. */
export function stepRootKey(
  rootKey: Uint8Array,
  agreement: Uint8Array,
): { readonly rootKey: Uint8Array; readonly chain: ChainKey } {
  const derived = hkdf(rootKey, agreement, rootInfo, 64);
  return { rootKey: derived.subarray(0, 32), chain: { key: derived.subarray(32), index: 0 } };
}

/** What is taken of a chain for one message. */
export interface ChainStep {
  /** Of the message: all that has to be kept of it when it is skipped. */
  readonly seed: Uint8Array;
  readonly after: ChainKey;
}

/** Takes a chain's next message. */
export function takeNext({ key, index }: ChainKey): ChainStep {
  const [seed, nextKey] = hmacSha256Pair(key, seedInput, chainInput);
  return { seed, after: { key: nextKey, index: index + 1 } };
}

/** The chain after its next message, where nothing of that is kept. */
export function stepChain(chain: ChainKey): ChainKey {
  return { key: hmacSha256(chain.key, chainInput), index: chain.index + 1 };
}

/**
 * The keys of a message.
 * @param pqKey - 32 bytes from the post-quantum ratchet; `undefined` when it gave none for this message
 */
export function messageKeys(seed: Uint8Array, pqKey: Uint8Array | undefined): MessageKeys {
  const derived = hkdf(pqKey, seed, messageInfo, 80);
  return {
    cipherKey: derived.subarray(0, 32),
    macKey: derived.subarray(32, 64),
    iv: derived.subarray(64),
  };
}
