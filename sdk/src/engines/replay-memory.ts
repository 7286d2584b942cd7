/**
 * The memory of first messages that used a last-resort KEM pre-key. Such a key is not deleted when used,
 * so nothing else would notice the same first message again once its session is gone. The memory is one
 * record per key and goes when the key goes.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { SottoError } from '../errors.js';

const entryLength = 16;

/**
 * First messages one last-resort key serves before it is refused as used up. A replay must not be let
 * through because the memory was made to forget, so the key is given up instead; 128 KiB, rewritten at
 * every use, is where that begins to cost. A rotated key starts anew.
 */
export const maxLastResortUses = 8192;

/**
 * Adds one use.
 * @param uses - the memory so far; `undefined` for none
 * @param signedId - id of the signed pre-key the message used
 * @param baseKey - the message's base key, 33 bytes
 * @returns the new memory
 * @throws SottoError `pre-key-replayed`; `pre-key-missing` when the key is used up;
 * `engine-record-invalid`
 */
export function rememberUse(uses: Uint8Array | undefined, signedId: number, baseKey: Uint8Array): Uint8Array {
  const before = uses ?? new Uint8Array();
  if (before.length % entryLength !== 0) throw new SottoError('engine-record-invalid');
  const entry = useEntry(signedId, baseKey);
  for (let offset = 0; offset < before.length; offset += entryLength) {
    if (entry.every((byte, index) => byte === before[offset + index]))
      throw new SottoError('pre-key-replayed');
  }
  if (before.length >= maxLastResortUses * entryLength) throw new SottoError('pre-key-missing');
  const after = new Uint8Array(before.length + entryLength);
  after.set(before);
  after.set(entry, before.length);
  return after;
}

/** Half a SHA-256 over the signed pre-key's id and the base key. Nothing here is secret. */
function useEntry(signedId: number, baseKey: Uint8Array): Uint8Array {
  const input = new Uint8Array(4 + baseKey.length);
  new DataView(input.buffer).setUint32(0, signedId);
  input.set(baseKey, 4);
  return sha256(input).subarray(0, entryLength);
}
