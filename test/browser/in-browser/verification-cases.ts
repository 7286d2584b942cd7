/** Verification must give in a browser what it gives in Node: fixed inputs, outputs from other code. */
import {
  deriveContactCode,
  isSottoError,
  matchContactCode,
  parseContactCode,
  verifySignature,
} from '@sotto/sdk/verification';
import type { Cases } from './cases.js';

const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** Signed by libsignal. */
const signed = {
  key: fromHex('0507a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c'),
  message: new TextEncoder().encode('xeddsa test'),
  signature: fromHex(
    '3fccaab5e99d0a1b335c5da4b88bb6aa8909ba7920f0383c4a285270257af6f5cf049b7139d02f1ff3cf3a9d6c44b5202d9234b96997ff482569e9738f218583',
  ),
};

/** Derived from the key above by Node's own scrypt, for the name `alice`. */
const codeOfAlice = 'EEY7MN6YSN7DMRD5';

function assertRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (isSottoError(error, 'invalid-signature')) return;
    throw error;
  }
  throw new Error('a changed signature was accepted');
}

/** Adds the cases. */
export function addVerificationCases(cases: Cases): void {
  cases.describe('verification', () => {
    cases.it('accepts a signature that libsignal made', () =>
      verifySignature(signed.key, signed.message, signed.signature),
    );
    cases.it('refuses it with any bit of it changed', () => {
      for (let bit = 0; bit < 512; bit += 1) {
        const changed = signed.signature.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assertRefused(() => verifySignature(signed.key, signed.message, changed));
      }
    });
    cases.it('derives the contact code that Node derives', async () => {
      const code = await deriveContactCode({ identityKey: signed.key, username: 'alice' });
      if (code !== codeOfAlice) throw new Error(`got ${code}`);
      matchContactCode(code, parseContactCode(`@alice#${codeOfAlice.slice(0, 12)}`).digits);
    });
  });
}
