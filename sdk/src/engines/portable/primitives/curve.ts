/** X25519 over noble, and the check of points that the handshake makes (spec: primitives 1.1). Knows no protocol. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { SottoError } from '../../../errors.js';
import type { Random } from '../../../ports/index.js';
import {
  parsePrivateKey,
  privateKeyLength,
  publicKeyFromCoordinate,
  type KeyPair,
  type PrivateKey,
  type PublicKey,
} from './keys.js';
import type { Curve25519 } from './primitives.js';

const { Fp } = ed25519.Point;

/** The curve in portable code. */
export function nobleCurve(random: Random): Curve25519 {
  return {
    agree,
    generateKeyPair(): KeyPair {
      const privateKey = parsePrivateKey(random.bytes(privateKeyLength));
      return { privateKey, publicKey: publicKeyOf(privateKey) };
    },
    publicKeyOf,
  };
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
 * Whether a key's coordinate is spelled in the one way, on the curve and not its twist, and in the
 * subgroup of prime order: what a handshake demands of an initiator's base key.
 */
export function isCanonical(publicKey: PublicKey): boolean {
  const u = fieldElement(publicKey.subarray(1));
  if (u === undefined) return false;
  try {
    // At u = −1 there is no inverse, and where there is no point there are no bytes of one: both throw.
    const y = Fp.mul(Fp.sub(u, 1n), Fp.inv(Fp.add(u, 1n)));
    return ed25519.Point.fromBytes(Fp.toBytes(y)).isTorsionFree();
  } catch {
    return false;
  }
}

/** `undefined` when it is 2^255 - 19 or more. */
function fieldElement(littleEndian: Uint8Array): bigint | undefined {
  try {
    return Fp.fromBytes(littleEndian);
  } catch {
    return undefined;
  }
}
