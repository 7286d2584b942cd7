/** X25519 over noble, and the check of points that the handshake makes (spec: primitives 1.1). Knows no protocol. */
import { x25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { equalBytes } from '../../../bytes.js';
import { isSottoError, SottoError } from '../../../errors.js';
import type { Random } from '../../../ports/index.js';
import { Point } from '../../../verification/edwards-point.js';
import {
  parsePrivateKey,
  privateKeyLength,
  publicKeyFromCoordinate,
  type KeyPair,
  type PrivateKey,
  type PublicKey,
} from './keys.js';
import type { Curve25519 } from './primitives.js';

const { Fp, Fn } = Point;

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
export const nobleOperations: CurveOperations = { agree, publicKeyOf };

/** The curve in portable code. */
export function nobleCurve(random: Random): Curve25519 {
  return withKeyPairs(nobleOperations, random);
}

function publicKeyOf(privateKey: PrivateKey): PublicKey {
  return publicKeyFromCoordinate(x25519.getPublicKey(privateKey));
}

function agree(privateKey: PrivateKey, publicKey: PublicKey): Uint8Array {
  try {
    // Throws for a result of zeros, which is what keys of low order give.
    return x25519.getSharedSecret(privateKey, publicKey.subarray(1));
  } catch {
    throw new SottoError('invalid-key');
  }
}

/**
 * 5·L − 1, where L is the order of the prime subgroup: a scalar that X25519 takes as it is, for it is a
 * multiple of 8 between 2^254 and 2^255. No secret, but where one is expected.
 */
const minusOne = numberToBytesLE(5n * Fn.ORDER - 1n, privateKeyLength) as PrivateKey;

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
  if (bytesToNumberLE(u) >= Fp.ORDER) return false;
  try {
    return equalBytes(await curve.agree(minusOne, publicKey), u);
  } catch (error) {
    if (isSottoError(error)) return false;
    throw error;
  }
}
