/**
 * Hashes and what is built of them, for the short inputs a ratchet has: HMAC and HKDF with SHA-256
 * (RFC 2104, RFC 5869). Synchronous, for they are called several times a message. Knows no protocol.
 */
import { sha256, sha512 } from '@noble/hashes/sha2.js';

export { sha256, sha512 };

const blockLength = 64;
const hashLength = 32;
const noSalt = new Uint8Array(hashLength);

/**
 * HMAC-SHA-256. Written out over the hash: for one block of message the general construction costs more
 * than the two hashes.
 * @returns 32 bytes
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const keyBlock = key.length > blockLength ? sha256(key) : key;
  const inner = new Uint8Array(blockLength + message.length);
  const outer = new Uint8Array(blockLength + hashLength);
  for (let index = 0; index < blockLength; index += 1) {
    const byte = index < keyBlock.length ? (keyBlock[index] as number) : 0;
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  inner.set(message, blockLength);
  outer.set(sha256(inner), blockLength);
  return sha256(outer);
}

/**
 * HKDF-SHA-256.
 * @param salt - `undefined` is the same as 32 zero bytes
 * @param length - 1 to 8,160
 * @returns an array of its own
 */
export function hkdf(
  salt: Uint8Array | undefined,
  input: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const pseudoRandomKey = hmacSha256(salt ?? noSalt, input);
  const output = new Uint8Array(length);
  // T(n) = HMAC(prk, T(n - 1) ‖ info ‖ n); T(0) is empty.
  let block = new Uint8Array(info.length + 1);
  block.set(info);
  for (let done = 0, round = 1; done < length; done += hashLength, round += 1) {
    block[block.length - 1] = round;
    const made = hmacSha256(pseudoRandomKey, block);
    output.set(made.subarray(0, Math.min(hashLength, length - done)), done);
    if (round === 1) {
      block = new Uint8Array(hashLength + info.length + 1);
      block.set(info, hashLength);
    }
    block.set(made);
  }
  return output;
}
