/**
 * AES-256-GCM-SIV (RFC 8452) without associated data and with a nonce of zeros, as the protocol uses it: each key
 * serves once. Knows no message.
 */
import { equalBytes } from '../../../bytes.js';
import { encryptingCipher, transformBlock, type BlockCipher } from './aes-block.js';

const blockLength = 16;
const tagLength = 16;

interface Keys {
  readonly cipher: BlockCipher;
  /** Four words, lowest first. */
  readonly authentication: Int32Array;
}

/** AES-256-GCM-SIV (RFC 8452) with a zero nonce, the tag of 16 bytes at the end. The key must serve once. */
export function aesGcmSivSeal(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const keys = keysOf(key);
  const tag = tagOf(keys, plaintext);
  const output = new Uint8Array(plaintext.length + tagLength);
  output.set(plaintext);
  output.set(tag, plaintext.length);
  applyStream(keys.cipher, tag, output.subarray(0, plaintext.length));
  return output;
}

/** The reverse; `undefined` when the tag is not right. */
export function aesGcmSivOpen(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < tagLength) return undefined;
  const keys = keysOf(key);
  const tag = sealed.subarray(sealed.length - tagLength);
  const plaintext = sealed.slice(0, sealed.length - tagLength);
  applyStream(keys.cipher, tag, plaintext);
  if (equalBytes(tagOf(keys, plaintext), tag)) return plaintext;
  plaintext.fill(0);
  return undefined;
}

/** Each key block is half of an encrypted counter (RFC 8452, section 4). */
function keysOf(key: Uint8Array): Keys {
  const master = encryptingCipher(key);
  const derived = new Int32Array(12);
  for (let counter = 0; counter < 6; counter += 1) {
    const block = Int32Array.of(counter, 0, 0, 0);
    transformBlock(master, block);
    derived.set(block.subarray(0, 2), 2 * counter);
  }
  const bytes = new Uint8Array(48);
  write(derived, bytes, 0);
  return { authentication: derived.subarray(0, 4), cipher: encryptingCipher(bytes.subarray(blockLength)) };
}

function tagOf({ cipher, authentication }: Keys, plaintext: Uint8Array): Uint8Array {
  const sum = new Int32Array(4);
  const padded = new Uint8Array(Math.ceil(plaintext.length / blockLength) * blockLength);
  padded.set(plaintext);
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += blockLength) {
    for (let word = 0; word < 4; word += 1)
      sum[word] = (sum[word] as number) ^ view.getInt32(at + 4 * word, true);
    multiply(sum, authentication);
  }
  // The lengths in bits, 64 bits each; that of the associated data is 0.
  sum[2] = (sum[2] as number) ^ (plaintext.length << 3);
  sum[3] = (sum[3] as number) ^ Math.floor(plaintext.length / 2 ** 29);
  multiply(sum, authentication);
  sum[3] = (sum[3] as number) & 0x7fffffff;
  transformBlock(cipher, sum);
  const tag = new Uint8Array(tagLength);
  write(sum, tag, 0);
  return tag;
}

/** The product of POLYVAL (RFC 8452, section 3), in place. No branch and no table: both factors are secret. */
function multiply(left: Int32Array, right: Int32Array): void {
  const [r0, r1, r2, r3] = right as unknown as [number, number, number, number];
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (const word of left) {
    for (let bits = word, bit = 0; bit < 32; bit += 1, bits >>>= 1) {
      const mask = -(bits & 1);
      a ^= r0 & mask;
      b ^= r1 & mask;
      c ^= r2 & mask;
      d ^= r3 & mask;
      // Divided by x, modulo x^128 + x^127 + x^126 + x^121 + 1.
      const odd = -(a & 1);
      a = (a >>> 1) | (b << 31);
      b = (b >>> 1) | (c << 31);
      c = (c >>> 1) | (d << 31);
      d = (d >>> 1) ^ (odd & 0xe1000000);
    }
  }
  left[0] = a;
  left[1] = b;
  left[2] = c;
  left[3] = d;
}

/** Counter mode from the tag on, in place: only the lowest word counts. */
function applyStream(cipher: BlockCipher, tag: Uint8Array, data: Uint8Array): void {
  const view = new DataView(tag.buffer, tag.byteOffset);
  const start = Int32Array.from({ length: 4 }, (_, word) => view.getInt32(4 * word, true));
  start[3] = (start[3] as number) | 0x80000000;
  const stream = new Uint8Array(blockLength);
  for (let at = 0; at < data.length; at += blockLength) {
    const block = start.slice();
    transformBlock(cipher, block);
    write(block, stream, 0);
    for (let index = at; index < data.length && index < at + blockLength; index += 1) {
      data[index] = (data[index] as number) ^ (stream[index - at] as number);
    }
    start[0] = (start[0] as number) + 1;
  }
}

function write(words: Int32Array, bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  for (const [index, word] of words.entries()) view.setInt32(4 * index, word, true);
}
