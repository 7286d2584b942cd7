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
  assertForm(publicKey, message, signature);
  const parts = partsOf(signerMemory, publicKey.subarray(1), signature);
  if (!parts.signer.accepts(message, parts.unsigned)) verifyPortably(parts, message);
}

/**
 * {@link verifySignature} for whoever can wait: in browsers the platform is asked first too. The verdict is
 * the same.
 * @param memory - of the signers; what all of a program shares by default
 */
export async function verifySignatureLater(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  memory = signerMemory,
): Promise<void> {
  assertForm(publicKey, message, signature);
  const parts = partsOf(memory, publicKey.subarray(1), signature);
  const { signer, unsigned } = parts;
  if (signer.accepts(message, unsigned) || (await signer.acceptsLater(message, unsigned))) return;
  verifyPortably(parts, message);
}

function assertForm(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  assertBytes(publicKey, 'publicKey');
  assertBytes(message, 'message');
  assertBytes(signature, 'signature');
  if (publicKey.length !== publicKeyLength || publicKey[0] !== publicKeyType) {
    throw new SottoError('invalid-key');
  }
  if (signature.length !== signatureLength) throw new SottoError('invalid-signature');
}

/** A signature read. */
export interface SignatureParts {
  readonly signer: SignerPoints;
  /** Without the sign of the signer's point: an Ed25519 signature. */
  readonly unsigned: Uint8Array;
}

/**
 * Reads a signature of 64 bytes.
 * @param u - 32 bytes
 * @throws SottoError `invalid-signature`
 */
export function partsOf(memory: SignerMemory, u: Uint8Array, signature: Uint8Array): SignatureParts {
  const last = signature[63] as number;
  // s is below 2^253 or refused; between the group order and that bound it is reduced.
  if ((last & 0x60) !== 0) throw new SottoError('invalid-signature');
  const unsigned = signature.slice();
  unsigned[63] = last & 0x7f;
  return { signer: memory.pointsOf(u, (last & 0x80) !== 0), unsigned };
}

/**
 * Decides in portable code.
 * @throws SottoError `invalid-signature`
 */
export function verifyPortably({ signer, unsigned }: SignatureParts, message: Uint8Array): void {
  const commitment = unsigned.subarray(0, 32);
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
