/**
 * XEdDSA signing (spec: primitives 1.2). Verification is `verification/xeddsa.ts`, the one place for it.
 * Knows nothing of what is signed.
 */
import { concatBytes } from '../../../bytes.js';
import { bytesOf, canonical, order, scalarOf } from '../../../verification/field.js';
import type { KeyPair, PrivateKey } from './keys.js';
import type { Primitives } from './primitives.js';
import { SigningPoints } from './signing-points.js';

const randomLength = 64;

/** What sets the nonce's hash apart from every other hash of the scheme: 0xFE, then 31 times 0xFF. */
const noncePrefix = new Uint8Array(32).fill(0xff);
noncePrefix[0] = 0xfe;

/** What signing takes from its host. */
export type SigningPrimitives = Pick<Primitives, 'edwardsBase' | 'sha512' | 'random'>;

/** Who signs. */
export interface Signer {
  readonly privateKey: PrivateKey;
  /** Where it is known, signing takes half as long: its Edwards point is remembered under it. */
  readonly publicKey?: KeyPair['publicKey'];
}

/** Keys under which this program signs: an identity's, and one in each group that is written to. */
const maxSigners = 256;

const signingPoints = new SigningPoints(maxSigners);

/**
 * Signs by an X25519 key. The sign of the Edwards point is not normalized: it travels in the top bit of
 * the signature.
 * @returns 64 bytes
 */
export function xeddsaSign(
  { edwardsBase, sha512, random }: SigningPrimitives,
  { privateKey, publicKey }: Signer,
  message: Uint8Array,
): Uint8Array {
  const scalar = scalarOf(privateKey);
  const signer = signingPoints.of(publicKey, () => edwardsBase.multiply(scalar));
  const hashed = (...parts: Uint8Array[]) => scalarOf(sha512(concatBytes(...parts)));
  const nonce = hashed(noncePrefix, privateKey, message, random.bytes(randomLength));
  const commitment = edwardsBase.multiply(nonce);
  const challenge = hashed(commitment, signer, message);
  const response = canonical(nonce + challenge * scalar, order);
  const signature = concatBytes(commitment, bytesOf(response));
  signature[63] = ((signature[63] as number) & 0x7f) | ((signer[31] as number) & 0x80);
  return signature;
}
