/**
 * Known answers, by which a platform shows that it computes what the protocol means before it is relied
 * on: there are runtimes that offer `node:crypto` or X25519 and lack a part of it, or do it otherwise.
 * Knows no platform.
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import { equalBytes } from '../../../bytes.js';
import { isSottoError } from '../../../errors.js';
import { order } from '../../../verification/field.js';
import type { Keccak } from './ml-kem/keccak.js';
import type { CurveOperations } from './curve.js';
import { parsePrivateKey, publicKeyFromCoordinate } from './keys.js';
import type { Ciphers, EdwardsBase, Primitives } from './primitives.js';

/** RFC 7748, section 6.1. */
const rfc7748 = {
  privateKey: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
  publicKey: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  theirs: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  agreement: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
};

/** Twice the base point, compressed. */
const twiceBase = 'c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022';

/** Whether a curve agrees as it should, takes a coordinate with its top bit set, and refuses zeros. */
export async function isTrueCurve(curve: CurveOperations): Promise<boolean> {
  const privateKey = parsePrivateKey(hexToBytes(rfc7748.privateKey));
  const theirs = hexToBytes(rfc7748.theirs);
  const topBitSet = theirs.slice();
  topBitSet[31] = (topBitSet[31] as number) | 0x80;
  try {
    const made = await curve.publicKeyOf(privateKey);
    if (!equalBytes(made.subarray(1), hexToBytes(rfc7748.publicKey))) return false;
    for (const u of [theirs, topBitSet]) {
      const agreement = await curve.agree(privateKey, publicKeyFromCoordinate(u));
      if (!equalBytes(agreement, hexToBytes(rfc7748.agreement))) return false;
    }
    return await refusesZeros(curve);
  } catch {
    return false;
  }
}

async function refusesZeros(curve: CurveOperations): Promise<boolean> {
  const privateKey = parsePrivateKey(hexToBytes(rfc7748.privateKey));
  try {
    await curve.agree(privateKey, publicKeyFromCoordinate(new Uint8Array(32)));
    return false;
  } catch (error) {
    return isSottoError(error);
  }
}

/** Whether 2 and −2 give the points that they should, which differ in their sign alone. */
export function isTrueEdwardsBase({ multiply }: EdwardsBase): boolean {
  const positive = hexToBytes(twiceBase);
  const negative = positive.slice();
  negative[31] = (negative[31] as number) | 0x80;
  try {
    return equalBytes(multiply(2n), positive) && equalBytes(multiply(order - 2n), negative);
  } catch {
    return false;
  }
}

/** Whether hashes give what others give. */
export function areSameHashes(keccak: Keccak, others: Keccak): boolean {
  const message = someBytes(34);
  const all = (hashes: Keccak) => [
    hashes.sha3_256(message),
    hashes.sha3_512(message),
    hashes.shake128(message, 504),
    hashes.shake256(message, 128),
  ];
  try {
    const expected = all(others);
    return all(keccak).every((hash, index) => equalBytes(hash, expected[index] as Uint8Array));
  } catch {
    return false;
  }
}

/** Whether SHA-512 gives what another one gives. */
export function isSameHash(hash: Primitives['sha512'], other: Primitives['sha512']): boolean {
  const message = someBytes(200);
  try {
    return equalBytes(hash(message), other(message));
  } catch {
    return false;
  }
}

/** Short messages, and those that are long enough for a platform to be asked. */
const messageLengths = [77, 4_001];

/** Whether ciphers give what others give, and refuse a ciphertext that is none. */
export async function areSameCiphers(ciphers: Ciphers, others: Ciphers): Promise<boolean> {
  try {
    for (const length of messageLengths) {
      if (!(await areSameFor(someBytes(length), ciphers, others))) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function areSameFor(message: Uint8Array, ciphers: Ciphers, others: Ciphers): Promise<boolean> {
  const [key, iv] = [someBytes(32), someBytes(16)];
  const ciphertext = await others.aesCbcEncrypt(key, iv, message);
  const pairs: [Uint8Array | undefined, Uint8Array][] = [
    [await ciphers.aesCbcEncrypt(key, iv, message), ciphertext],
    [await ciphers.aesCbcDecrypt(key, iv, ciphertext), message],
    [await ciphers.aesCtr(key, message), await others.aesCtr(key, message)],
    [await ciphers.hmacSha256(key, message), await others.hmacSha256(key, message)],
  ];
  const refused = (await ciphers.aesCbcDecrypt(key, iv, message)) === undefined;
  return refused && pairs.every(([made, expected]) => made !== undefined && equalBytes(made, expected));
}

function someBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 255 - (index % 251));
}
