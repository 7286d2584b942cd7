/**
 * Kyber1024 as of round 3, which pre-keys use, over ML-KEM-1024 (spec: primitives 1.4): the shared secret
 * is hashed once more, together with the ciphertext. Keys and ciphertexts carry their type byte. Knows no
 * pre-key.
 */
import { concatBytes } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import type { Random } from '../../../ports/index.js';
import { nobleKeccak, type Keccak } from './ml-kem/keccak.js';
import { decapsulate, encapsulate, keyPairFrom, mlKem1024 } from './ml-kem/kem.js';
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
  return kyber1024(random, nobleKeccak);
}

/** The KEM over somebody's hashes. */
export function kyber1024(random: Random, keccak: Keccak): Kyber1024 {
  const kem = mlKem1024(keccak);
  const roundThreeSecret = (mlKemSecret: Uint8Array, ciphertext: Uint8Array) =>
    keccak.shake256(concatBytes(mlKemSecret, keccak.sha3_256(ciphertext)), secretLength);
  return {
    generateKeyPair() {
      // Round 3 expands its seed otherwise; any ML-KEM key pair is one of its key pairs.
      const { publicKey, secretKey } = keyPairFrom(kem, random.bytes(seedLength));
      return { publicKey: concatBytes(typeByte, publicKey), secretKey: concatBytes(typeByte, secretKey) };
    },
    encapsulate(publicKey) {
      assertKey(publicKey, kemPublicKeyLength);
      const message = keccak.sha3_256(random.bytes(secretLength));
      const made = encapsulate(kem, publicKey.subarray(1), message);
      // A coefficient above the modulus, which FIPS 203 has refused.
      if (!made) throw new SottoError('invalid-key');
      return {
        ciphertext: concatBytes(typeByte, made.ciphertext),
        sharedSecret: roundThreeSecret(made.sharedSecret, made.ciphertext),
      };
    },
    decapsulate(secretKey, ciphertext) {
      assertKey(secretKey, kemSecretKeyLength);
      if (ciphertext.length !== kemCiphertextLength || ciphertext[0] !== kyber1024Type) {
        throw new SottoError('invalid-message');
      }
      const raw = ciphertext.subarray(1);
      const secret = decapsulate(kem, secretKey.subarray(1), raw);
      // A key whose hash does not fit it; ours are checked by their record.
      if (!secret) throw new SottoError('invalid-key');
      return roundThreeSecret(secret, raw);
    },
  };
}

function assertKey(key: Uint8Array, length: number): void {
  if (key.length !== length || key[0] !== kyber1024Type) throw new SottoError('invalid-key');
}
