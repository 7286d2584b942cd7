/**
 * Multiples of the Edwards base point by libsodium, where the application has it: one call in constant time,
 * where `node:crypto` takes two and portable code several times as long. Knows no signature.
 */
import { bytesOf } from '../../../verification/field.js';
import { isTrueEdwardsBase } from './known-answers.js';
import type { EdwardsBase } from './primitives.js';

/** What is used of libsodium, as `libsodium-wrappers-sumo` has it. */
export interface Sodium {
  /**
   * A multiple of the Ed25519 base point, compressed: 32 bytes.
   * @param scalar - 32 bytes, little-endian, below the order of the group and not clamped
   */
  readonly crypto_scalarmult_ed25519_base_noclamp: (scalar: Uint8Array) => Uint8Array;
}

/**
 * Multiplication over libsodium.
 * @throws TypeError when it gives no answers, or false ones
 */
export function sodiumEdwardsBase(sodium: Sodium): EdwardsBase {
  const edwardsBase: EdwardsBase = {
    multiply(scalar) {
      const bytes = bytesOf(scalar);
      const point = new Uint8Array(sodium.crypto_scalarmult_ed25519_base_noclamp(bytes));
      bytes.fill(0);
      return point;
    },
  };
  if (!isTrueEdwardsBase(edwardsBase)) throw new TypeError('this libsodium is not ready, or not complete');
  return edwardsBase;
}
