/**
 * X25519 by `node:crypto`. Keys go in and out as JWK: through DER they take five times as long, and keys
 * that were generated there and exported as JWK have hung Node 20. Knows no protocol.
 */
import { SottoError } from '../../../../errors.js';
import type { CurveOperations } from '../curve.js';
import { publicKeyFromCoordinate, type PrivateKey, type PublicKey } from '../keys.js';
import type { NodeHost, NodeKey } from './crypto.js';

/** A private key is imported without its public one, which is not looked at; it has to be a string. */
const anyCoordinate = 'AA';

/** The curve over `node:crypto`. */
export function nodeCurve(host: NodeHost): CurveOperations {
  const keys = new PrivateKeys(host);
  return {
    agree: (privateKey, publicKey) => agree(host, keys.of(privateKey), publicKey),
    publicKeyOf: (privateKey) => publicKeyFromCoordinate(coordinateOf(host, keys.of(privateKey))),
  };
}

/**
 * Imported private keys. To import one takes as long as to agree, and one array serves several times in
 * one operation (a handshake's base key in five): what was imported is kept beside the array, and goes with it.
 */
class PrivateKeys {
  readonly #host: NodeHost;
  readonly #imported = new WeakMap<PrivateKey, NodeKey>();

  constructor(host: NodeHost) {
    this.#host = host;
  }

  of(privateKey: PrivateKey): NodeKey {
    const known = this.#imported.get(privateKey);
    if (known) return known;
    const imported = importPrivateKey(this.#host, privateKey);
    this.#imported.set(privateKey, imported);
    return imported;
  }
}

/** A scalar of 32 bytes as a key; X25519 clamps it when it is used. */
export function importPrivateKey({ crypto, buffers }: NodeHost, scalar: Uint8Array): NodeKey {
  const d = buffers.from(scalar.buffer, scalar.byteOffset, scalar.length).toString('base64url');
  return crypto.createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: anyCoordinate }, format: 'jwk' });
}

/** The u-coordinate of a private key's public one, 32 bytes. */
export function coordinateOf({ buffers }: NodeHost, privateKey: NodeKey): Uint8Array {
  const { x } = privateKey.export({ format: 'jwk' });
  return buffers.from(x as string, 'base64url');
}

function agree({ crypto, buffers }: NodeHost, privateKey: NodeKey, theirs: PublicKey): Uint8Array {
  const x = buffers.from(theirs.buffer, theirs.byteOffset + 1, theirs.length - 1).toString('base64url');
  const publicKey = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  const agreement = derive(crypto, privateKey, publicKey);
  // Some builds give what others throw for.
  if (agreement.every((byte) => byte === 0)) throw new SottoError('invalid-key');
  return agreement;
}

function derive(crypto: NodeHost['crypto'], privateKey: NodeKey, publicKey: NodeKey): Uint8Array {
  try {
    return new Uint8Array(crypto.diffieHellman({ privateKey, publicKey }));
  } catch {
    throw new SottoError('invalid-key');
  }
}
