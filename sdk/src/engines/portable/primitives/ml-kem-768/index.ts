/**
 * ML-KEM-768 in two halves (spec: primitives 1.5): the public key travels as a header and a vector, the
 * ciphertext as two parts, and the first part needs the header alone. Together they are FIPS 203, bit for
 * bit. Knows no ratchet.
 */
import { concatBytes, equalBytes } from '../../../../bytes.js';
import { SottoError } from '../../../../errors.js';
import type { Random } from '../../../../ports/index.js';
import { nobleKeccak as keccak } from '../ml-kem/keccak.js';
import * as mlKem from '../ml-kem/kem.js';
import type { Polynomial } from '../ml-kem/ring.js';

const kem = mlKem.mlKem768(keccak);
const seedLength = 32;

/** Length of the public key's first part: the matrix seed and the hash of the whole key. */
export const headerLength = 64;
/** Length of the public key's second part. */
export const vectorLength = 1152;
/** Length of the ciphertext's first part. */
export const ciphertext1Length = 960;
/** Length of the ciphertext's second part. */
export const ciphertext2Length = 128;
/** Length of a decapsulation key. */
export const decapsulationKeyLength = 2400;
/** Length of what lies between the halves of an encapsulation. */
export const pendingLength = seedLength + headerLength;

/** Where the vector lies in a decapsulation key. */
const vectorOffset = vectorLength;

/** A key pair. */
export interface IncrementalKeyPair {
  /** 64 bytes. */
  readonly header: Uint8Array;
  /** 1,152 bytes. */
  readonly vector: Uint8Array;
  /** 2,400 bytes, secret; the vector is inside, see {@link vectorOf}. */
  readonly decapsulationKey: Uint8Array;
}

/** What the first half of an encapsulation gives. */
export interface FirstHalf {
  /** 960 bytes. */
  readonly ciphertext1: Uint8Array;
  /** 32 bytes, secret: known before the vector is. */
  readonly sharedSecret: Uint8Array;
  /** 96 bytes, secret: what the second half needs. */
  readonly pending: Uint8Array;
}

/** A new key pair. */
export function generateMlKem768(random: Random): IncrementalKeyPair {
  return keyPairFrom(random.bytes(2 * seedLength));
}

/** The key pair of a 64-byte seed (FIPS 203: d and z). */
export function keyPairFrom(seed: Uint8Array): IncrementalKeyPair {
  const { publicKey, secretKey } = mlKem.keyPairFrom(kem, seed);
  const vector = publicKey.slice(0, vectorLength);
  const header = concatBytes(publicKey.subarray(vectorLength), keccak.sha3_256(publicKey));
  return { header, vector, decapsulationKey: secretKey };
}

/** The public vector inside a decapsulation key: a view. */
export function vectorOf(decapsulationKey: Uint8Array): Uint8Array {
  return decapsulationKey.subarray(vectorOffset, vectorOffset + vectorLength);
}

/** The first half of an encapsulation. */
export function encapsulateHeader(header: Uint8Array, random: Random): FirstHalf {
  return firstHalfFrom(header, random.bytes(seedLength));
}

/** The first half of an encapsulation of a 32-byte message. */
export function firstHalfFrom(header: Uint8Array, message: Uint8Array): FirstHalf {
  const pending = concatBytes(message, header);
  const secrets = secretsOf(pending);
  const ciphertext1 = mlKem.encryptU(kem, secrets, header.subarray(0, seedLength));
  return { ciphertext1, sharedSecret: secrets.sharedSecret, pending };
}

/**
 * Checks that a vector is the one the header promised, and well formed.
 * @throws SottoError `invalid-message`
 */
export function assertVector(header: Uint8Array, vector: Uint8Array): void {
  if (vector.length !== vectorLength) throw new SottoError('invalid-message');
  const promised = header.subarray(seedLength);
  const hash = keccak.sha3_256(concatBytes(vector, header.subarray(0, seedLength)));
  if (!equalBytes(hash, promised)) throw new SottoError('invalid-message');
  coefficientsOf(vector);
}

/**
 * The second half of an encapsulation.
 * @param pending - from the first half
 * @returns 128 bytes
 * @throws SottoError `invalid-message` when the vector has a coefficient above the modulus
 */
export function encapsulateVector(pending: Uint8Array, vector: Uint8Array): Uint8Array {
  return mlKem.encryptV(kem, secretsOf(pending), coefficientsOf(vector), pending.subarray(0, seedLength));
}

/**
 * The shared secret, 32 bytes. A false ciphertext gives a false one (implicit rejection).
 * @throws SottoError `invalid-message` when a part has another length; `engine-record-invalid` when the key
 * is none, which is a matter of its record
 */
export function decapsulate(
  decapsulationKey: Uint8Array,
  ciphertext1: Uint8Array,
  ciphertext2: Uint8Array,
): Uint8Array {
  if (ciphertext1.length !== ciphertext1Length || ciphertext2.length !== ciphertext2Length) {
    throw new SottoError('invalid-message');
  }
  const secret = mlKem.decapsulate(kem, decapsulationKey, concatBytes(ciphertext1, ciphertext2));
  if (!secret) throw new SottoError('engine-record-invalid');
  return secret;
}

/** Everything both halves derive from the message: the second does it again rather than keep 1.5 KiB of secrets. */
function secretsOf(pending: Uint8Array): mlKem.EncryptionSecrets {
  return mlKem.secretsOf(kem, pending.subarray(0, seedLength), pending.subarray(2 * seedLength));
}

function coefficientsOf(vector: Uint8Array): Polynomial[] {
  const coefficients = mlKem.vectorFrom(kem, vector);
  if (!coefficients) throw new SottoError('invalid-message');
  return coefficients;
}
