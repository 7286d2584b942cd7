/** The chain of a sender key (spec: sender-keys 5.1). Knows no message, no signature and no record. */
import { utf8 } from '../../../bytes.js';
import { hkdf, hmacSha256, hmacSha256Pair } from '../primitives/hash.js';

/** A chain at one position. */
export interface SenderChain {
  /** Of the message that comes next; an unsigned 32-bit number. */
  readonly iteration: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** What one message is encrypted with. */
export interface SenderMessageKey {
  /** 16 bytes. */
  readonly iv: Uint8Array;
  /** 32 bytes, AES-256-CBC. */
  readonly cipherKey: Uint8Array;
}

/** Iterations are unsigned 32-bit numbers: the message with the last of them cannot be sent, for nothing could follow it. */
export const maxIteration = 0xffffffff;

const ivLength = 16;
const messageKeyLength = 48;
const messageInfo = utf8('WhisperGroup');
const seedInput = Uint8Array.of(0x01);
const chainInput = Uint8Array.of(0x02);

/** What is taken of a chain for one message. */
export interface ChainStep {
  /** Of the message: all that has to be kept of it when it is skipped. */
  readonly seed: Uint8Array;
  readonly after: SenderChain;
}

/** Takes a chain's next message. */
export function takeNext({ key, iteration }: SenderChain): ChainStep {
  const [seed, nextKey] = hmacSha256Pair(key, seedInput, chainInput);
  return { seed, after: { iteration: iteration + 1, key: nextKey } };
}

/** The chain after its next message, where nothing of that is kept. */
export function stepChain(chain: SenderChain): SenderChain {
  return { iteration: chain.iteration + 1, key: hmacSha256(chain.key, chainInput) };
}

/** The key of a message. */
export function messageKeyOf(seed: Uint8Array): SenderMessageKey {
  const derived = hkdf(undefined, seed, messageInfo, messageKeyLength);
  return { iv: derived.subarray(0, ivLength), cipherKey: derived.subarray(ivLength) };
}
