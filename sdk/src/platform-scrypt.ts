/**
 * scrypt (RFC 7914): Node's own where there is one, on its thread pool; the portable one elsewhere.
 * Both give the same bytes.
 */
import type { Scrypt } from './verification/index.js';

type NodeScrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
  callback: (error: Error | null, derived: Uint8Array) => void,
) => void;

interface ProcessWithBuiltins {
  getBuiltinModule?(name: string): { scrypt: NodeScrypt } | undefined;
}

/** Node refuses what needs more than it is told; scrypt needs 128 · N · r bytes, and a little. */
const memoryMargin = 1024 * 1024;

function nodeScrypt(): NodeScrypt | undefined {
  // No import: bundles for browsers must not name a built-in.
  const { process } = globalThis as { process?: ProcessWithBuiltins };
  return process?.getBuiltinModule?.('node:crypto')?.scrypt;
}

const fastestScrypt: Scrypt = async (password, salt, { N, r, p, dkLen }) => {
  const native = nodeScrypt();
  if (!native) {
    const { scryptAsync } = await import('@noble/hashes/scrypt.js');
    return scryptAsync(password, salt, { N, r, p, dkLen });
  }
  return new Promise((resolve, reject) => {
    const maxmem = 128 * N * r + memoryMargin;
    native(password, salt, dkLen, { N, r, p, maxmem }, (error, derived) => {
      if (error) reject(error);
      else resolve(new Uint8Array(derived));
    });
  });
};

let scrypt = fastestScrypt;

/** The fastest scrypt of this platform. */
export const platformScrypt: Scrypt = (password, salt, cost) => scrypt(password, salt, cost);

/** Puts something around it for the whole process: tests count what runs, and derive nothing twice. */
export function wrapPlatformScrypt(wrap: (scrypt: Scrypt) => Scrypt): void {
  scrypt = wrap(scrypt);
}
