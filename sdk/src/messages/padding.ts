/** Hides the length of content: fixed buckets for what people type, Padmé above. Knows no content. */
import { SottoError } from '../errors.js';

const buckets = [256, 512, 1024, 2048, 4096] as const;
const marker = 0x80;

/**
 * The padded length of that many bytes, marker byte included: the next bucket, or above 4 KiB the
 * next length Padmé allows (at most 12 % more, O(log log n) bits revealed).
 */
export function paddedLength(length: number): number {
  const needed = length + 1;
  const bucket = buckets.find((size) => size >= needed);
  if (bucket !== undefined) return bucket;
  const exponent = Math.floor(Math.log2(needed));
  const keptBits = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - keptBits);
  return Math.ceil(needed / step) * step;
}

/** Appends 0x80 and zeros up to {@link paddedLength}. */
export function pad(content: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedLength(content.length));
  padded.set(content);
  padded[content.length] = marker;
  return padded;
}

/** Takes the padding off. @throws SottoError `invalid-content` unless it is exactly what {@link pad} makes */
export function unpad(padded: Uint8Array): Uint8Array {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  if (end < 0 || padded[end] !== marker || paddedLength(end) !== padded.length) {
    throw new SottoError('invalid-content');
  }
  return padded.subarray(0, end);
}
