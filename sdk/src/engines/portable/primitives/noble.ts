/** The protocol's primitives in portable code, hashes and ciphers noble's: what runs everywhere, and what every other provider must equal. */
import type { Random } from '../../../ports/index.js';
import { aesCbcDecrypt, aesCbcEncrypt, aesCtr } from './aes.js';
import { portableCurve } from './curve.js';
import { portableEdwardsBase } from './edwards-base.js';
import { hmacSha256, sha512 } from './hash.js';
import { nobleKyber1024 } from './kyber1024.js';
import { nobleKeccak } from './ml-kem/keccak.js';
import type { Ciphers, Primitives } from './primitives.js';

/** Ciphers and codes in portable code. */
export const nobleCiphers: Ciphers = { aesCbcEncrypt, aesCbcDecrypt, aesCtr, hmacSha256 };

/** Portable primitives over one source of randomness. */
export function noblePrimitives(random: Random): Primitives {
  return {
    curve: portableCurve(random),
    edwardsBase: portableEdwardsBase,
    ciphers: nobleCiphers,
    sha512,
    kyber1024: nobleKyber1024(random),
    keccak: nobleKeccak,
    random,
  };
}
