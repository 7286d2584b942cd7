/** Numbers and ids made from the random port. */
import type { Random } from './ports/host.js';
import { toBase64Url } from './wire/bytes.js';

/** A random UUID (version 4) in lower case. */
export function randomUuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** 128 random bits in base64url: 22 characters. */
export function randomToken(random: Random): string {
  return toBase64Url(random.bytes(16));
}

/** A whole number from 0 up to, not including, `end` (at most 2^32); uniform to within 2^-16. */
export function randomInteger(random: Random, end: number): number {
  const bytes = random.bytes(6);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return Math.floor((value / 2 ** 48) * end);
}
