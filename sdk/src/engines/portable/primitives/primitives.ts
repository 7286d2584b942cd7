/**
 * The heavy pieces of the protocol that a host may do faster than portable code, as interfaces: whoever
 * needs one takes it as an argument. Every implementation gives the same bytes. The hashes of the key
 * schedules are not here: on a few dozen bytes nothing is faster than `hash.ts`.
 */
import type { Random } from '../../../ports/index.js';
import type { Keccak } from './ml-kem/keccak.js';
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
  /** A new key pair, the private key clamped. Draws its 32 random bytes before it gives a promise. */
  generateKeyPair(): Awaitable<KeyPair>;
  /** The public key of a clamped private key. */
  publicKeyOf(privateKey: PrivateKey): Awaitable<PublicKey>;
}

/** The base point of the curve in Edwards' form, which signing multiplies (spec: primitives 1.2). */
export interface EdwardsBase {
  /**
   * A multiple of the base point.
   * @param scalar - secret; from 1 to the order of the group less one
   * @returns the point compressed as in RFC 8032, 32 bytes
   */
  readonly multiply: (scalar: bigint) => Uint8Array;
}

/** Ciphers and codes over whole messages. Each result is an array of its own. */
export interface Ciphers {
  /** AES-256-CBC with PKCS#7 padding. `key` has 32 bytes, `iv` 16. */
  readonly aesCbcEncrypt: (key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array) => Awaitable<Uint8Array>;
  /** The reverse; `undefined` for every ciphertext that cannot be one, whatever is wrong with it. */
  readonly aesCbcDecrypt: (
    key: Uint8Array,
    iv: Uint8Array,
    ciphertext: Uint8Array,
  ) => Awaitable<Uint8Array | undefined>;
  /** AES-256-CTR from a zero counter block, both ways. The key must serve once. */
  readonly aesCtr: (key: Uint8Array, data: Uint8Array) => Awaitable<Uint8Array>;
  /** HMAC-SHA-256, 32 bytes. */
  readonly hmacSha256: (key: Uint8Array, message: Uint8Array) => Awaitable<Uint8Array>;
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
  readonly edwardsBase: EdwardsBase;
  readonly ciphers: Ciphers;
  /** SHA-512 of a whole message, 64 bytes: what signing hashes with. */
  readonly sha512: (message: Uint8Array) => Uint8Array;
  readonly kyber1024: Kyber1024;
  /** What both KEMs hash with. */
  readonly keccak: Keccak;
  readonly random: Random;
}
