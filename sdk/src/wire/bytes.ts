/**
 * Byte strings on the wire: base64url without padding inside JSON, native binary on the socket.
 * This file knows no field and no operation.
 */
import { base64urlnopad } from '@scure/base';
import * as z from 'zod/mini';

/** Encodes bytes as base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

/**
 * Decodes base64url without padding. Only the canonical spelling is accepted.
 * @throws Error when the text is not canonical base64url
 */
export function fromBase64Url(text: string): Uint8Array {
  return base64urlnopad.decode(text);
}

/** How many bytes a field may hold. */
export interface ByteLimits {
  readonly min: number;
  readonly max: number;
}

/** How many bytes each field made by {@link jsonBytes} may hold: what documents made from the schemas say of it. */
export const jsonByteLimits = z.registry<ByteLimits>();

/**
 * A field of bytes inside JSON: a base64url string on the wire, a `Uint8Array` in the program.
 * The text is bounded before it is decoded.
 */
export function jsonBytes(limits: ByteLimits) {
  const maxTextLength = Math.ceil((limits.max * 4) / 3);
  const codec = z.codec(
    z.string().check(z.maxLength(maxTextLength), z.regex(/^[A-Za-z0-9_-]*$/)),
    z
      .instanceof(Uint8Array)
      .check(z.refine((bytes) => bytes.length >= limits.min && bytes.length <= limits.max)),
    {
      decode: (text, context) => {
        try {
          return fromBase64Url(text) as Uint8Array<ArrayBuffer>;
        } catch {
          context.issues.push({ code: 'custom', message: 'not canonical base64url', input: text });
          return z.NEVER;
        }
      },
      encode: (bytes) => toBase64Url(bytes),
    },
  );
  jsonByteLimits.add(codec, limits);
  return codec;
}

/** A field of bytes in a socket frame: native binary on both ends. */
export function binary(limits: ByteLimits) {
  return z
    .instanceof(Uint8Array)
    .check(z.refine((bytes) => bytes.length >= limits.min && bytes.length <= limits.max));
}
