/** The AES modes of the protocol (spec: primitives 1.3). Knows no message. */
import { decryptingCipher, encryptingCipher, transformBlock } from './aes-block.js';

export { aesGcmSivOpen, aesGcmSivSeal } from './gcm-siv.js';

const blockLength = 16;
const wordLength = 4;
/** Where the words of a block are when it is decrypted, see `transformBlock`. */
const exchanged = [0, 12, 8, 4] as const;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** AES-256-CBC with PKCS#7 padding. `key` has 32 bytes, `iv` 16. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = encryptingCipher(key);
  const padding = blockLength - (plaintext.length % blockLength);
  const output = new Uint8Array(plaintext.length + padding).fill(padding, plaintext.length);
  output.set(plaintext);
  const view = viewOf(output);
  const start = viewOf(iv);
  const block = Int32Array.from(exchanged, (_, word) => start.getInt32(wordLength * word, true));
  for (let at = 0; at < output.length; at += blockLength) {
    for (let word = 0; word < 4; word += 1) {
      block[word] = (block[word] as number) ^ view.getInt32(at + wordLength * word, true);
    }
    transformBlock(cipher, block);
    for (let word = 0; word < 4; word += 1) {
      view.setInt32(at + wordLength * word, block[word] as number, true);
    }
  }
  return output;
}

/** The reverse; `undefined` for every ciphertext that cannot be one, whatever is wrong with it. */
export function aesCbcDecrypt(
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  if (ciphertext.length === 0 || ciphertext.length % blockLength > 0) return undefined;
  const cipher = decryptingCipher(key);
  const output = new Uint8Array(ciphertext.length);
  const [from, to] = [viewOf(ciphertext), viewOf(output)];
  let [before, offset] = [viewOf(iv), 0];
  const block = new Int32Array(4);
  for (let at = 0; at < ciphertext.length; at += blockLength) {
    for (let word = 0; word < 4; word += 1) {
      block[word] = from.getInt32(at + (exchanged[word] as number), true);
    }
    transformBlock(cipher, block);
    for (let word = 0; word < 4; word += 1) {
      const place = exchanged[word] as number;
      to.setInt32(at + place, (block[word] as number) ^ before.getInt32(offset + place, true), true);
    }
    [before, offset] = [from, at];
  }
  return unpadded(output);
}

function unpadded(padded: Uint8Array): Uint8Array | undefined {
  const padding = padded[padded.length - 1] as number;
  const end = padded.length - padding;
  const fits =
    padding > 0 && padding <= blockLength && padded.subarray(end).every((byte) => byte === padding);
  return fits ? padded.slice(0, end) : undefined;
}

/** AES-256-CTR from a zero counter block, both ways. The key must serve once. */
export function aesCtr(key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = encryptingCipher(key);
  // Whole blocks: what is too much is cut off.
  const output = new Uint8Array(Math.ceil(data.length / blockLength) * blockLength);
  output.set(data);
  const view = viewOf(output);
  const counter = new DataView(new ArrayBuffer(wordLength));
  const block = new Int32Array(4);
  for (let at = 0; at < output.length; at += blockLength) {
    // The last word counts, with its highest byte first.
    counter.setInt32(0, at / blockLength);
    block.fill(0, 0, 3)[3] = counter.getInt32(0, true);
    transformBlock(cipher, block);
    for (let word = 0; word < 4; word += 1) {
      const place = at + wordLength * word;
      view.setInt32(place, view.getInt32(place, true) ^ (block[word] as number), true);
    }
  }
  return output.slice(0, data.length);
}
