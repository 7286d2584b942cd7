/**
 * The form of refresh tokens: `family id ‖ number ‖ HMAC(relay key, family id ‖ number)`, base64url. The
 * relay can derive every token of a family again, so a lost reply can be repeated. Knows no store.
 */
import { createHash, createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { fromBase64Url, toBase64Url } from '@sotto/sdk/wire';

/** A token taken apart; its MAC has been checked. */
export interface RefreshTokenParts {
  readonly familyId: string;
  readonly number: number;
}

/** Makes and checks refresh tokens. */
export interface RefreshTokens {
  /** @param familyId - a UUID */
  derive(parts: RefreshTokenParts): string;
  /** Undefined when the token is not one of this relay's. */
  parse(token: string): RefreshTokenParts | undefined;
}

const familyBytes = 16;
const numberBytes = 6;
const macBytes = 32;

function encodeParts({ familyId, number }: RefreshTokenParts): Buffer {
  const bytes = Buffer.alloc(familyBytes + numberBytes);
  bytes.write(familyId.replaceAll('-', ''), 'hex');
  bytes.writeUIntBE(number, familyBytes, numberBytes);
  return bytes;
}

function decodeParts(bytes: Buffer): RefreshTokenParts {
  const hex = bytes.toString('hex', 0, familyBytes);
  const familyId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { familyId, number: bytes.readUIntBE(familyBytes, numberBytes) };
}

function decodeToken(token: string): Buffer | undefined {
  try {
    return Buffer.from(fromBase64Url(token));
  } catch {
    return undefined;
  }
}

/** @param key - 32 bytes */
export function createRefreshTokens(key: KeyObject): RefreshTokens {
  const macOf = (parts: Buffer) => createHmac('sha256', key).update(parts).digest();
  return {
    derive(parts) {
      const bytes = encodeParts(parts);
      return toBase64Url(Buffer.concat([bytes, macOf(bytes)]));
    },
    parse(token) {
      const bytes = decodeToken(token);
      if (bytes?.length !== familyBytes + numberBytes + macBytes) return undefined;
      const parts = bytes.subarray(0, familyBytes + numberBytes);
      return timingSafeEqual(macOf(parts), bytes.subarray(parts.length)) ? decodeParts(parts) : undefined;
    },
  };
}

/** SHA-256 of a token: the form in which the relay keeps it. */
export function hashToken(token: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(token).digest());
}
