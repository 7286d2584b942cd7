/**
 * X25519 by WebCrypto, for browsers and workers. Knows no protocol.
 *
 * An agreement takes the platform 40 to 75 µs there, and portable code a third of a millisecond. To import a private
 * key is to compute the public one, so that is asked for as JWK: an agreement with the base point takes twice as
 * long. The string has the private key too, as the array beside it has.
 */
import { SottoError } from '../../../../errors.js';
import type { CurveOperations } from '../curve.js';
import { privateKeyLength, publicKeyFromCoordinate, type PrivateKey, type PublicKey } from '../keys.js';

const algorithm = 'X25519';
const agreementBits = 256;

/** PKCS#8 of an X25519 key, up to its 32 bytes: the one form of a private key that all browsers take. */
const pkcs8Prefix = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);

/** The curve over WebCrypto. Where it lacks X25519, every call fails. */
export function webCurve(subtle: SubtleCrypto): CurveOperations {
  const privateKeys = new ImportedKeys((key: PrivateKey) => importPrivateKey(subtle, key));
  const publicKeys = new ImportedKeys((key: PublicKey) => importPublicKey(subtle, key));
  return {
    async agree(privateKey, publicKey) {
      const [ours, theirs] = await Promise.all([privateKeys.of(privateKey), publicKeys.of(publicKey)]);
      return derive(subtle, ours, theirs);
    },
    async publicKeyOf(privateKey): Promise<PublicKey> {
      const { x } = await subtle.exportKey('jwk', await privateKeys.of(privateKey));
      return publicKeyFromCoordinate(fromBase64Url(x as string));
    },
  };
}

/** Imported keys, each kept beside the array that it came from, and gone with it. */
class ImportedKeys<Key extends Uint8Array> {
  readonly #import: (key: Key) => Promise<CryptoKey>;
  readonly #imported = new WeakMap<Key, Promise<CryptoKey>>();

  constructor(importKey: (key: Key) => Promise<CryptoKey>) {
    this.#import = importKey;
  }

  of(key: Key): Promise<CryptoKey> {
    const known = this.#imported.get(key);
    if (known) return known;
    const imported = this.#import(key);
    this.#imported.set(key, imported);
    return imported;
  }
}

async function importPrivateKey(subtle: SubtleCrypto, privateKey: PrivateKey): Promise<CryptoKey> {
  const pkcs8 = new Uint8Array(pkcs8Prefix.length + privateKeyLength);
  pkcs8.set(pkcs8Prefix);
  pkcs8.set(privateKey, pkcs8Prefix.length);
  try {
    return await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['deriveBits']);
  } finally {
    pkcs8.fill(0);
  }
}

/** By the platform: the library that the wire uses weighs more than the rest of this file. */
function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function importPublicKey(subtle: SubtleCrypto, publicKey: PublicKey): Promise<CryptoKey> {
  return subtle.importKey('raw', publicKey.slice(1), algorithm, false, []);
}

async function derive(subtle: SubtleCrypto, ours: CryptoKey, theirs: CryptoKey): Promise<Uint8Array> {
  const agreement = await deriveBits(subtle, ours, theirs);
  // Some platforms give what others refuse.
  if (agreement.every((byte) => byte === 0)) throw new SottoError('invalid-key');
  return agreement;
}

async function deriveBits(subtle: SubtleCrypto, ours: CryptoKey, theirs: CryptoKey): Promise<Uint8Array> {
  try {
    return new Uint8Array(await subtle.deriveBits({ name: algorithm, public: theirs }, ours, agreementBits));
  } catch {
    throw new SottoError('invalid-key');
  }
}
