/**
 * XEdDSA verification over noble, verdict for verdict what the Signal protocol's peers do. Knows keys,
 * messages and signatures as bytes; nothing of what is signed.
 *
 * It is not `ed25519.verify`: the equation has no cofactor, `R` is compared as bytes and never
 * decompressed, and `s` is reduced instead of refused when it is not below the group order.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import { assertBytes } from './checks.js';

const { Fp, Fn } = ed25519.Point;

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
  const commitment = signature.subarray(0, 32);
  const expected = expectedCommitment(publicKey.subarray(1), message, signature);
  if (!equalBytes(expected, commitment)) throw new SottoError('invalid-signature');
}

/** `enc(s·B − h·A)`: what the first half of a valid signature is. */
function expectedCommitment(u: Uint8Array, message: Uint8Array, signature: Uint8Array): Uint8Array {
  const last = signature[63] as number;
  const signerBytes = edwardsBytes(u, (last & 0x80) !== 0);
  const response = signature.slice(32);
  response[31] = last & 0x7f;
  // s is below 2^253 or refused; between the group order and that bound it is reduced.
  if ((response[31] & 0xe0) !== 0) throw new SottoError('invalid-signature');
  const s = Fn.create(integerFrom(response));
  const h = Fn.create(integerFrom(sha512(concatBytes(signature.subarray(0, 32), signerBytes, message))));
  const signer = decompress(signerBytes);
  return ed25519.Point.BASE.multiplyUnsafe(s).subtract(signer.multiplyUnsafe(h)).toBytes();
}

/** Ed25519 compression of the point with a Montgomery u-coordinate and a sign. */
function edwardsBytes(u: Uint8Array, negative: boolean): Uint8Array {
  const masked = u.slice();
  masked[31] = (masked[31] as number) & 0x7f;
  const coordinate = Fp.create(integerFrom(masked));
  const denominator = Fp.add(coordinate, 1n);
  if (Fp.is0(denominator)) throw new SottoError('invalid-signature');
  const y = Fp.mul(Fp.sub(coordinate, 1n), Fp.inv(denominator));
  const bytes = Fp.toBytes(y);
  // At u = 0 the only x is 0, which has no sign: the bit is ignored.
  if (negative && !Fp.is0(coordinate)) bytes[31] = (bytes[31] as number) | 0x80;
  return bytes;
}

function decompress(bytes: Uint8Array) {
  try {
    return ed25519.Point.fromBytes(bytes);
  } catch {
    throw new SottoError('invalid-signature');
  }
}

function integerFrom(littleEndian: Uint8Array): bigint {
  let digits = '';
  for (const byte of littleEndian) digits = byte.toString(16).padStart(2, '0') + digits;
  return BigInt(`0x${digits}`);
}
