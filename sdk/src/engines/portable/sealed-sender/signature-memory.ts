/**
 * Which signatures proved genuine, so that a certificate that comes with every message of a sender costs
 * its verification once. Keeps hashes of public things; knows no certificate.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { concatBytes } from '../../../bytes.js';
import { isSottoError } from '../../../errors.js';
import { verifySignature } from '../../../verification/xeddsa.js';
import type { PublicKey } from '../primitives/keys.js';
import { sha256 } from '../primitives/hash.js';

/** Two signatures a sender; more devices than that are rarely heard of in a row. */
const maxRemembered = 512;

/** See the head of this file. */
export class SignatureMemory {
  /** In the order in which they were seen last. */
  readonly #genuine = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many signatures are remembered. */
  get size(): number {
    return this.#genuine.size;
  }

  /**
   * Whether a message is signed by one of some keys. All are tried, whichever it is.
   * @param signature - of any length; only 64 bytes can be genuine
   */
  isSignedByOne(signers: readonly PublicKey[], message: Uint8Array, signature: Uint8Array): boolean {
    const name = nameOf(signers, message, signature);
    const isGenuine = this.#genuine.delete(name) || verify(signers, message, signature);
    if (isGenuine) this.#remember(name);
    return isGenuine;
  }

  #remember(name: string): void {
    this.#genuine.add(name);
    if (this.#genuine.size <= this.#max) return;
    const [oldest] = this.#genuine;
    if (oldest !== undefined) this.#genuine.delete(oldest);
  }
}

/** What all engines of a program share: a signature is genuine for all or for none. */
export const signatureMemory = new SignatureMemory(maxRemembered);

/** Keys have one length; the signature's and the number of keys stand before what varies. */
function nameOf(signers: readonly PublicKey[], message: Uint8Array, signature: Uint8Array): string {
  const lengths = Uint32Array.of(signers.length, signature.length);
  const bytes = concatBytes(new Uint8Array(lengths.buffer), ...signers, signature, message);
  return bytesToHex(sha256(bytes));
}

function verify(signers: readonly PublicKey[], message: Uint8Array, signature: Uint8Array): boolean {
  let verified = false;
  for (const signer of signers) verified = isSignedBy(signer, message, signature) || verified;
  return verified;
}

function isSignedBy(signer: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    verifySignature(signer, message, signature);
    return true;
  } catch (error) {
    if (isSottoError(error, 'invalid-signature')) return false;
    throw error;
  }
}
