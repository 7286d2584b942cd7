/** The AES modes of the protocol (spec: primitives 1.3) over noble. Knows no message. */
import { cbc, ctr, gcmsiv } from '@noble/ciphers/aes.js';

const zeroCounter = new Uint8Array(16);
const zeroNonce = new Uint8Array(12);

/** AES-256-CBC with PKCS#7 padding. `key` has 32 bytes, `iv` 16. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return cbc(key, iv).encrypt(plaintext);
}

/** The reverse; `undefined` for every ciphertext that cannot be one, whatever is wrong with it. */
export function aesCbcDecrypt(
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  try {
    return cbc(key, iv).decrypt(ciphertext);
  } catch {
    return undefined;
  }
}

/** AES-256-CTR from a zero counter block, both ways. The key must serve once. */
export function aesCtr(key: Uint8Array, data: Uint8Array): Uint8Array {
  return ctr(key, zeroCounter).encrypt(data);
}

/** AES-256-GCM-SIV (RFC 8452) with a zero nonce, the tag of 16 bytes at the end. The key must serve once. */
export function aesGcmSivSeal(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return gcmsiv(key, zeroNonce).encrypt(plaintext);
}

/** The reverse; `undefined` when the tag is not right. */
export function aesGcmSivOpen(key: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
  try {
    return gcmsiv(key, zeroNonce).decrypt(ciphertext);
  } catch {
    return undefined;
  }
}
