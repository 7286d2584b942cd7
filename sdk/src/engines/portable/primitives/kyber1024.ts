/**
 * Kyber1024 as of round 3, which pre-keys use, over ML-KEM-1024 (spec: primitives 1.4): the shared secret
 * is hashed once more, together with the ciphertext. Keys and ciphertexts carry their type byte. Knows no
 * pre-key.
 */
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { concatBytes } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import type { Random } from '../../../ports/index.js';
import type { Kyber1024 } from './primitives.js';

/** The type byte of the only KEM that the protocol's peers take. */
export const kyber1024Type = 0x08;
/** Length of a serialized public key, type byte included; a ciphertext is as long. */
export const kemPublicKeyLength = 1569;
/** Length of a serialized ciphertext. */
export const kemCiphertextLength = 1569;
/** Length of a serialized secret key. */
export const kemSecretKeyLength = 3169;

const seedLength = 64;
const secretLength = 32;
const typeByte = Uint8Array.of(kyber1024Type);

/** The KEM in portable code. */
export function nobleKyber1024(random: Random): Kyber1024 {
  return {
    generateKeyPair() {
      // Round 3 expands its seed otherwise; any ML-KEM key pair is one of its key pairs.
      const { publicKey, secretKey } = ml_kem1024.keygen(random.bytes(seedLength));
      return { publicKey: concatBytes(typeByte, publicKey), secretKey: concatBytes(typeByte, secretKey) };
    },
    encapsulate(publicKey) {
      assertKey(publicKey, kemPublicKeyLength);
      const message = sha3_256(random.bytes(secretLength));
      const { cipherText, sharedSecret } = encapsulate(publicKey.subarray(1), message);
      return {
        ciphertext: concatBytes(typeByte, cipherText),
        sharedSecret: roundThreeSecret(sharedSecret, cipherText),
      };
    },
    decapsulate(secretKey, ciphertext) {
      assertKey(secretKey, kemSecretKeyLength);
      if (ciphertext.length !== kemCiphertextLength || ciphertext[0] !== kyber1024Type) {
        throw new SottoError('invalid-message');
      }
      const raw = ciphertext.subarray(1);
      return roundThreeSecret(decapsulate(raw, secretKey.subarray(1)), raw);
    },
  };
}

function roundThreeSecret(mlKemSecret: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return shake256(concatBytes(mlKemSecret, sha3_256(ciphertext)), { dkLen: secretLength });
}

function assertKey(key: Uint8Array, length: number): void {
  if (key.length !== length || key[0] !== kyber1024Type) throw new SottoError('invalid-key');
}

function encapsulate(publicKey: Uint8Array, message: Uint8Array) {
  try {
    return ml_kem1024.encapsulate(publicKey, message);
  } catch {
    // A coordinate above the modulus, which FIPS 203 has refused.
    throw new SottoError('invalid-key');
  }
}

function decapsulate(ciphertext: Uint8Array, secretKey: Uint8Array): Uint8Array {
  try {
    return ml_kem1024.decapsulate(ciphertext, secretKey);
  } catch {
    // A key whose hash does not fit it; ours are checked by their record.
    throw new SottoError('invalid-key');
  }
}
