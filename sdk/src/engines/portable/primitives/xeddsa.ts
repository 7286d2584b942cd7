/**
 * XEdDSA signing (spec: primitives 1.2). Verification is `verification/xeddsa.ts`, the one place for it.
 * Knows nothing of what is signed.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../../../bytes.js';
import type { Random } from '../../../ports/index.js';
import type { PrivateKey } from './keys.js';

const { Fn } = ed25519.Point;

const randomLength = 64;
const scalarLength = 32;

/** What sets the nonce's hash apart from every other hash of the scheme: 0xFE, then 31 times 0xFF. */
const noncePrefix = new Uint8Array(32).fill(0xff);
noncePrefix[0] = 0xfe;

/**
 * Signs by an X25519 key. The sign of the Edwards point is not normalized: it travels in the top bit of
 * the signature.
 * @returns 64 bytes
 */
export function xeddsaSign(privateKey: PrivateKey, message: Uint8Array, random: Random): Uint8Array {
  const scalar = Fn.create(bytesToNumberLE(privateKey));
  const signer = ed25519.Point.BASE.multiply(scalar).toBytes();
  const nonce = Fn.create(
    bytesToNumberLE(sha512(concatBytes(noncePrefix, privateKey, message, random.bytes(randomLength)))),
  );
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
  const challenge = Fn.create(bytesToNumberLE(sha512(concatBytes(commitment, signer, message))));
  const response = Fn.create(nonce + challenge * scalar);
  const signature = concatBytes(commitment, numberToBytesLE(response, scalarLength));
  signature[63] = ((signature[63] as number) & 0x7f) | ((signer[31] as number) & 0x80);
  return signature;
}
