/** The hashes of ML-KEM by `node:crypto`: five to twelve times as fast as portable ones. Knows no key. */
import type { Keccak } from '../ml-kem/keccak.js';
import type { NodeCrypto } from './crypto.js';

/** The hashes over `node:crypto`. */
export function nodeKeccak(crypto: NodeCrypto): Keccak {
  const hash = (name: string, message: Uint8Array, outputLength: number) =>
    new Uint8Array(crypto.createHash(name, { outputLength }).update(message).digest());
  return {
    sha3_256: (message) => hash('sha3-256', message, 32),
    sha3_512: (message) => hash('sha3-512', message, 64),
    shake128: (message, length) => hash('shake128', message, length),
    shake256: (message, length) => hash('shake256', message, length),
  };
}
