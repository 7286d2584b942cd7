/**
 * Ciphers and codes by WebCrypto, for browsers and workers, and not for the shortest messages: a promise and an
 * imported key cost as much as portable code takes for some hundred bytes. Knows no message.
 */
import type { Ciphers } from '../primitives.js';

/** From here on WebCrypto is not slower in Chromium; after a pause it is faster here already, at 4 KiB always, four times. */
const minLength = 256;

const cbc = 'AES-CBC';
const ctr = 'AES-CTR';
const hmac = { name: 'HMAC', hash: 'SHA-256' };
const zeroCounter = new Uint8Array(16);
const counterBits = 128;

/** Bytes as WebCrypto's types have them. */
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Ciphers over WebCrypto.
 * @param portable - for short messages
 */
export function webCiphers(subtle: SubtleCrypto, portable: Ciphers, minimum = minLength): Ciphers {
  const importKey = (key: Uint8Array, algorithm: string | typeof hmac, use: KeyUsage) =>
    subtle.importKey('raw', key as Bytes, algorithm, false, [use]);
  return {
    async aesCbcEncrypt(key, iv, plaintext) {
      if (plaintext.length < minimum) return portable.aesCbcEncrypt(key, iv, plaintext);
      const imported = await importKey(key, cbc, 'encrypt');
      return plain(await subtle.encrypt({ name: cbc, iv: iv as Bytes }, imported, plaintext as Bytes));
    },
    async aesCbcDecrypt(key, iv, ciphertext) {
      if (ciphertext.length < minimum) return portable.aesCbcDecrypt(key, iv, ciphertext);
      const imported = await importKey(key, cbc, 'decrypt');
      try {
        return plain(await subtle.decrypt({ name: cbc, iv: iv as Bytes }, imported, ciphertext as Bytes));
      } catch {
        return undefined;
      }
    },
    async aesCtr(key, data) {
      if (data.length < minimum) return portable.aesCtr(key, data);
      const imported = await importKey(key, ctr, 'encrypt');
      const algorithm = { name: ctr, counter: zeroCounter, length: counterBits };
      return plain(await subtle.encrypt(algorithm, imported, data as Bytes));
    },
    async hmacSha256(key, message) {
      // A key of no bytes is none there.
      if (message.length < minimum || key.length === 0) return portable.hmacSha256(key, message);
      return plain(await subtle.sign('HMAC', await importKey(key, hmac, 'sign'), message as Bytes));
    },
  };
}

function plain(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}
