/** Contact codes with the host's own scrypt, bounded. Knows no account. */
import { scrypt as nodeScrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { deriveContactCode } from '@sotto/sdk/verification';
import type { HashGate } from '../hash-gate.js';

/** Derives all 16 characters of a code. */
export type ContactCodes = (input: { identityKey: Uint8Array; username: string }) => Promise<string>;

/** N = 2^15 and r = 8 take 32 MiB, which is just what Node refuses by default. */
const maxScryptMemoryBytes = 64 * 1024 * 1024;

const scryptAsync = promisify<
  Uint8Array,
  Uint8Array,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(nodeScrypt);

/** @param gate - bounds the hashing that waits */
export function createContactCodes(gate: HashGate): ContactCodes {
  return (input) =>
    gate.run(() =>
      deriveContactCode(input, (password, salt, { dkLen, ...cost }) =>
        scryptAsync(password, salt, dkLen, { ...cost, maxmem: maxScryptMemoryBytes }),
      ),
    );
}
