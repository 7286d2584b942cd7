/**
 * XEdDSA verification, verdict for verdict what the Signal protocol's peers do. Knows keys,
 * messages and signatures as bytes; nothing of what is signed.
 *
 * It is not `ed25519.verify`: the equation has no cofactor, `R` is compared as bytes and never
 * decompressed, and `s` is reduced instead of refused when it is not below the group order. Where the
 * platform has an Ed25519 that verifies the same equation, it takes the valid signatures, five times as
 * fast; whatever it refuses is decided by portable code, so that one verdict holds everywhere.
 */
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import { assertBytes } from './checks.js';
import { timesBasePublic, timesPublic } from './edwards-multiples.js';
import { add, compress } from './edwards-point.js';
import { scalarOf } from './field.js';
import { invertPublic } from './inversion.js';
import { signerMemory, type SignerMemory, type SignerPoints } from './signer-points.js';

const publicKeyLength = 33;
const publicKeyType = 0x05;
const signatureLength = 64;

/**
 * Verifies an XEdDSA signature by an X25519 key (identity keys sign so).
 * @param publicKey - 33 bytes: the type byte 0x05 and the Montgomery u-coordinate. The top bit of u is
 * ignored, and low-order keys are not refused: whoever pins or trusts a key decides about it
 * @param message - any length; a message in several parts is their concatenation
 * @param signature - 64 bytes
 * @throws SottoError `invalid-key` when the key is not 33 bytes with the type byte; `invalid-signature`
 * when the signature does not verify, which includes every signature under a u-coordinate that is on
 * the twist
 * @throws TypeError when an argument is not a `Uint8Array`
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  assertBytes(publicKey, 'publicKey');
  assertBytes(message, 'message');
  assertBytes(signature, 'signature');
  if (publicKey.length !== publicKeyLength || publicKey[0] !== publicKeyType) {
    throw new SottoError('invalid-key');
  }
  if (signature.length !== signatureLength) throw new SottoError('invalid-signature');
  verifyParts(signerMemory, publicKey.subarray(1), message, signature);
}

/**
 * Verifies what has its form.
 * @param memory - of the signers; what it has of the platform is asked first
 * @param u - 32 bytes
 * @param signature - 64 bytes
 * @throws SottoError `invalid-signature`
 */
export function verifyParts(
  memory: SignerMemory,
  u: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): void {
  const last = signature[63] as number;
  const unsigned = signature.slice();
  unsigned[63] = last & 0x7f;
  // s is below 2^253 or refused; between the group order and that bound it is reduced.
  if ((last & 0x60) !== 0) throw new SottoError('invalid-signature');
  const signer = memory.pointsOf(u, (last & 0x80) !== 0);
  if (signer.accepts(message, unsigned)) return;
  const commitment = signature.subarray(0, 32);
  if (!equalBytes(expectedCommitment(signer, message, unsigned), commitment)) {
    throw new SottoError('invalid-signature');
  }
}

/** `enc(s·B − h·A)`: what the first half of a valid signature is. */
function expectedCommitment(signer: SignerPoints, message: Uint8Array, unsigned: Uint8Array): Uint8Array {
  const s = scalarOf(unsigned.subarray(32));
  const hash = sha512(concatBytes(unsigned.subarray(0, 32), signer.encoded, message));
  const product = timesPublic(signer.negativeComb(), scalarOf(hash));
  return compress(add(timesBasePublic(s), product), invertPublic);
}
