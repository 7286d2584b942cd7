/** X25519 in portable code, and the check of points that the handshake makes (spec: primitives 1.1). Knows no protocol. */
import { equalBytes } from '../../../bytes.js';
import { isSottoError, SottoError } from '../../../errors.js';
import type { Random } from '../../../ports/index.js';
import { bytesOf, integerOf, order, p } from '../../../verification/field.js';
import {
  parsePrivateKey,
  privateKeyLength,
  publicKeyFromCoordinate,
  type KeyPair,
  type PrivateKey,
  type PublicKey,
} from './keys.js';
import type { Curve25519 } from './primitives.js';
import { x25519, x25519Base } from './x25519.js';

/** What a platform has to offer of the curve: key pairs are drawn here, the same everywhere. */
export type CurveOperations = Pick<Curve25519, 'agree' | 'publicKeyOf'>;

/** A curve with key pairs of one source of randomness. */
export function withKeyPairs(operations: CurveOperations, random: Random): Curve25519 {
  return {
    agree: (privateKey, publicKey) => operations.agree(privateKey, publicKey),
    publicKeyOf: (privateKey) => operations.publicKeyOf(privateKey),
    generateKeyPair() {
      const privateKey = parsePrivateKey(random.bytes(privateKeyLength));
      const publicKey = operations.publicKeyOf(privateKey);
      if (!(publicKey instanceof Promise)) return { privateKey, publicKey };
      return publicKey.then((made): KeyPair => ({ privateKey, publicKey: made }));
    },
  };
}

/** The curve in portable code, but for key pairs. */
export const portableOperations: CurveOperations = { agree, publicKeyOf };

/** The curve in portable code. */
export function portableCurve(random: Random): Curve25519 {
  return withKeyPairs(portableOperations, random);
}

function publicKeyOf(privateKey: PrivateKey): PublicKey {
  return publicKeyFromCoordinate(x25519Base(privateKey));
}

function agree(privateKey: PrivateKey, publicKey: PublicKey): Uint8Array {
  const agreement = x25519(privateKey, publicKey.subarray(1));
  // What keys of low order give.
  if (agreement.every((byte) => byte === 0)) throw new SottoError('invalid-key');
  return agreement;
}

/**
 * 5·L − 1, where L is the order of the prime subgroup: a scalar that X25519 takes as it is, for it is a
 * multiple of 8 between 2^254 and 2^255. No secret, but where one is expected.
 */
const minusOne = bytesOf(5n * order - 1n) as Uint8Array as PrivateKey;

/**
 * Whether a key's coordinate is spelled in the one way, on the curve and not its twist, and in the
 * subgroup of prime order: what a handshake demands of an initiator's base key.
 *
 * Multiplied by 5·L − 1 it must stay the same. A point of the curve is T + Q with T of an order that
 * divides 8 and Q of order L or 1. The scalar is 0 modulo 8 and −1 modulo L, so the product is −Q, whose
 * coordinate is that of T + Q only where T is nothing; and where Q is nothing too, the product is, and the
 * agreement is refused. A point of the twist is T + Q with T of an order that divides 4 and Q of the prime
 * order M = (p + 1) / 2 − 2·L. Again T is lost, and Q would have to be equal to plus or minus the product:
 * M would divide 5·L − 2 or 5·L, and it divides neither.
 */
export async function isCanonical(curve: CurveOperations, publicKey: PublicKey): Promise<boolean> {
  const u = publicKey.subarray(1);
  // 2^255 − 19 and what is above are other spellings, or none.
  if (integerOf(u) >= p) return false;
  try {
    return equalBytes(await curve.agree(minusOne, publicKey), u);
  } catch (error) {
    if (isSottoError(error)) return false;
    throw error;
  }
}
