/** UUIDs as 16 bytes and as text. Knows not what they name. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

const anyCase = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Where the hyphens stand, counted in hexadecimal digits. */
const groups = [0, 8, 12, 16, 20, 32] as const;

/** Length of a UUID's bytes. */
export const uuidLength = 16;

/** The 16 bytes of a UUID; `undefined` when the text is none, spelled with hyphens. */
export function uuidBytes(text: string): Uint8Array | undefined {
  return anyCase.test(text) ? hexToBytes(text.replaceAll('-', '')) : undefined;
}

/**
 * A UUID in lower case, with hyphens.
 * @param bytes - 16 bytes
 */
export function uuidText(bytes: Uint8Array): string {
  const digits = bytesToHex(bytes);
  return groups
    .slice(1)
    .map((end, index) => digits.slice(groups[index], end))
    .join('-');
}

/** Whether a text is a UUID as {@link uuidText} spells it. */
export function isLowerCaseUuid(text: string): boolean {
  return anyCase.test(text) && text === text.toLowerCase();
}
