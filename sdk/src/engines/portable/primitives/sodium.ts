/**
 * Multiples of the Edwards base point by libsodium, where the application has it already: one call, where
 * `node:crypto` takes two and portable code ten times as long. Knows no signature.
 */
import { numberToBytesLE } from '@noble/curves/utils.js';
import type { EdwardsBase } from './primitives.js';

/** What is used of libsodium, as `libsodium-wrappers-sumo` has it once it is ready. */
export interface Sodium {
  /**
   * A multiple of the Ed25519 base point, compressed: 32 bytes.
   * @param scalar - 32 bytes, little-endian, not clamped
   */
  readonly crypto_scalarmult_ed25519_base_noclamp: (scalar: Uint8Array) => Uint8Array;
}

const scalarLength = 32;

/** Multiplication over libsodium. */
export function sodiumEdwardsBase({ crypto_scalarmult_ed25519_base_noclamp }: Sodium): EdwardsBase {
  return {
    multiply(scalar) {
      const bytes = numberToBytesLE(scalar, scalarLength);
      const point = new Uint8Array(crypto_scalarmult_ed25519_base_noclamp(bytes));
      bytes.fill(0);
      return point;
    },
  };
}
