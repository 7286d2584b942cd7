/**
 * XEdDSA signing (spec: primitives 1.2). Verification is `verification/xeddsa.ts`, the one place for it.
 * Knows nothing of what is signed.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../../../bytes.js';
import type { Random } from '../../../ports/index.js';
import type { PrivateKey } from './keys.js';

const { Fn } = ed25519.Point;

const randomLength = 64;

/** What sets the nonce's hash apart from every other hash of the scheme: 0xFE, then 31 times 0xFF. */
const noncePrefix = new Uint8Array(32).fill(0xff);
noncePrefix[0] = 0xfe;

/**
 * Signs by an X25519 key. The sign of the Edwards point is not normalized: it travels in the top bit of
 * the signature.
 * @returns 64 bytes
 */
export function xeddsaSign(privateKey: PrivateKey, message: Uint8Array, random: Random): Uint8Array {
  const scalar = Fn.create(integerFrom(privateKey));
  const signer = ed25519.Point.BASE.multiply(scalar).toBytes();
  const nonce = Fn.create(
    integerFrom(sha512(concatBytes(noncePrefix, privateKey, message, random.bytes(randomLength)))),
  );
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
  const challenge = Fn.create(integerFrom(sha512(concatBytes(commitment, signer, message))));
  const response = Fn.create(nonce + challenge * scalar);
  const signature = concatBytes(commitment, littleEndian(response));
  signature[63] = ((signature[63] as number) & 0x7f) | ((signer[31] as number) & 0x80);
  return signature;
}

function integerFrom(littleEndianBytes: Uint8Array): bigint {
  let digits = '';
  for (const byte of littleEndianBytes) digits = byte.toString(16).padStart(2, '0') + digits;
  return BigInt(`0x${digits}`);
}

function littleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  let rest = value;
  for (let index = 0; index < 32; index += 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
