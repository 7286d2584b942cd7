/**
 * The hashes of ML-KEM (FIPS 202), which take most of its time: as an interface, for a platform may have
 * them ten times as fast. Knows no key.
 */
import { sha3_256, sha3_512, shake128, shake256 } from '@noble/hashes/sha3.js';

/** SHA-3 and SHAKE. Each result is an array of its own. */
export interface Keccak {
  /** 32 bytes. */
  sha3_256(message: Uint8Array): Uint8Array;
  /** 64 bytes. */
  sha3_512(message: Uint8Array): Uint8Array;
  /** The first so many bytes of SHAKE128. */
  shake128(message: Uint8Array, length: number): Uint8Array;
  /** The first so many bytes of SHAKE256. */
  shake256(message: Uint8Array, length: number): Uint8Array;
}

/** Portable code. */
export const nobleKeccak: Keccak = {
  sha3_256,
  sha3_512,
  shake128: (message, length) => shake128(message, { dkLen: length }),
  shake256: (message, length) => shake256(message, { dkLen: length }),
};
