/**
 * The platform's Ed25519, to take valid signatures fast. What it takes, portable code takes too; what it
 * refuses, portable code decides about, see `xeddsa.ts`. Node's is asked for by name and never imported: a
 * bundle for browsers must not name a built-in.
 */
import { hexToBytes } from '@noble/hashes/utils.js';

/** Tells for sure of some signatures that they verify: `true` when one does, `false` for all else. */
export type Accepts = (message: Uint8Array, signature: Uint8Array) => boolean;

/** Makes that of a signer. */
export type AcceptsFor = (encodedKey: Uint8Array) => Accepts;

/** The same of a platform that answers later. */
export type AcceptsLater = (message: Uint8Array, signature: Uint8Array) => Promise<boolean>;

/** Makes that of a signer, where the platform takes its key. */
export type AcceptsLaterFor = (encodedKey: Uint8Array) => Promise<AcceptsLater>;

interface Jwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

interface NodeCrypto {
  createPublicKey(input: { readonly key: Jwk; readonly format: 'jwk' }): object;
  verify(algorithm: null, message: Uint8Array, key: object, signature: Uint8Array): boolean;
}

interface ProcessWithBuiltins {
  getBuiltinModule?(name: string): NodeCrypto | undefined;
}

const never: Accepts = () => false;
/** Where the platform has none. */
export const neverFor: AcceptsFor = () => never;

/** A key that the platform does not take is left to portable code. */
function nodeAccepts(crypto: NodeCrypto): AcceptsFor {
  return (encodedKey) => {
    const key = keyFrom(crypto, encodedKey);
    return key ? (message, signature) => crypto.verify(null, message, key, signature) : never;
  };
}

function keyFrom(crypto: NodeCrypto, encodedKey: Uint8Array): object | undefined {
  const x = base64url(encodedKey);
  try {
    return crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** By the platform: the library that the wire uses weighs more than the rest of this file. */
function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Signatures of the empty message by one key. The first is valid. The others satisfy weaker equations
 * that some libraries verify: one up to a point of order 8, one with its point spelled in another way.
 */
const known = {
  key: 'ee21c5269b6f6f195b985aa7554f12ea5227f7c00fac1e6f2589794e58303400',
  valid:
    '3484a33939b9bd57807a491a5b815cbe4477cddda1d4f4d36a5028fb970e9ac3' +
    '368aa73021f38bda6e1980edb72796c3eb4743bfc6bb475aa24be0504ba4ec0e',
  withCofactor:
    '8d65b09bb5775e4865285384c2fc85181d72e1bfc57b8ed3aafb0c8d80eb0715' +
    '5c69894784ff7280b60fc6b8169467d2f3dd9bc6b0e9691a906170fd3ca5d907',
  otherSpelling:
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f' +
    'b0656261e8fcaefa0666cd398438d5244e9893f929c42851fcbe7a862375cb0b',
};

/** Whether a platform verifies the equation that is meant, and no weaker one. */
export function isStrict(acceptsFor: AcceptsFor): boolean {
  try {
    const accepts = acceptsFor(hexToBytes(known.key));
    return isRight(knownSignatures.map((signature) => accepts(new Uint8Array(), signature)));
  } catch {
    return false;
  }
}

/** The same of a platform that answers later. */
export async function areStrict(acceptsFor: AcceptsLaterFor): Promise<boolean> {
  try {
    const accepts = await acceptsFor(hexToBytes(known.key));
    const verdicts = knownSignatures.map((signature) => accepts(new Uint8Array(), signature));
    return isRight(await Promise.all(verdicts));
  } catch {
    return false;
  }
}

const knownSignatures = [known.valid, known.withCofactor, known.otherSpelling].map((hex) => hexToBytes(hex));

function isRight([valid, ...weaker]: readonly boolean[]): boolean {
  return valid === true && !weaker.includes(true);
}

let detected: AcceptsFor | undefined;

/** This platform's, looked for once; one that takes nothing where there is none. */
export function platformAccepts(): AcceptsFor {
  return (detected ??= detect());
}

function detect(): AcceptsFor {
  const { process } = globalThis as { process?: ProcessWithBuiltins };
  const crypto = process?.getBuiltinModule?.('node:crypto');
  if (!crypto) return neverFor;
  const acceptsFor = nodeAccepts(crypto);
  return isStrict(acceptsFor) ? acceptsFor : neverFor;
}
