/**
 * The heavy pieces of the protocol that a host may do faster than portable code. Every implementation
 * gives the same bytes. Hashes and ciphers are not here: they are called too often to be awaited, see
 * `hash.ts` and `aes.ts`.
 */
import type { Random } from '../../../ports/index.js';
import type { KeyPair, PrivateKey, PublicKey } from './keys.js';

/** A value now or later: what a platform's cryptography gives. */
export type Awaitable<Value> = Value | Promise<Value>;

/** X25519 (spec: primitives 1.1). */
export interface Curve25519 {
  /**
   * The agreement of two keys, 32 bytes.
   * @throws SottoError `invalid-key` when the result is all zeros
   */
  agree(privateKey: PrivateKey, publicKey: PublicKey): Awaitable<Uint8Array>;
  /** A new key pair, the private key clamped. */
  generateKeyPair(): Awaitable<KeyPair>;
  /** The public key of a clamped private key. */
  publicKeyOf(privateKey: PrivateKey): Awaitable<PublicKey>;
}

/** A KEM key pair as serialized: each half with its type byte (1569 and 3169 bytes). */
export interface KemKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Kyber1024 as pre-keys use it (spec: primitives 1.4). Keys and ciphertexts carry their type byte. */
export interface Kyber1024 {
  generateKeyPair(): Awaitable<KemKeyPair>;
  /**
   * @param publicKey - 1569 bytes
   * @returns a ciphertext of 1569 bytes and the shared secret of 32
   * @throws SottoError `invalid-key`
   */
  encapsulate(publicKey: Uint8Array): Awaitable<{ ciphertext: Uint8Array; sharedSecret: Uint8Array }>;
  /**
   * @param secretKey - 3169 bytes
   * @param ciphertext - 1569 bytes; a false one gives a false secret
   * @throws SottoError `invalid-message` when the ciphertext has another length or type than the key
   */
  decapsulate(secretKey: Uint8Array, ciphertext: Uint8Array): Awaitable<Uint8Array>;
}

/** Everything the protocol takes from its host. */
export interface Primitives {
  readonly curve: Curve25519;
  readonly kyber1024: Kyber1024;
  readonly random: Random;
}
