/**
 * `node:crypto` where the runtime has it (Node, Bun, Deno), with the little of it that is used here. It is
 * asked for by name and never imported: a bundle for browsers must not name a built-in. Knows no key.
 */

/** An asymmetric key in the platform's hands. */
export interface NodeKey {
  export(options: { format: 'jwk' }): { readonly x?: string };
}

interface Jwk {
  readonly kty: 'OKP';
  readonly crv: 'X25519';
  readonly x: string;
  readonly d?: string;
}

interface JwkInput {
  readonly key: Jwk;
  readonly format: 'jwk';
}

interface NodeHash {
  update(data: Uint8Array): NodeHash;
  digest(): Uint8Array;
}

/** A cipher at work. */
export interface NodeCipher {
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

/** The part of `node:crypto` that is used. */
export interface NodeCrypto {
  createPrivateKey(input: JwkInput): NodeKey;
  createPublicKey(input: JwkInput | NodeKey): NodeKey;
  diffieHellman(keys: { readonly privateKey: NodeKey; readonly publicKey: NodeKey }): Uint8Array;
  createCipheriv(name: string, key: Uint8Array, iv: Uint8Array): NodeCipher;
  createDecipheriv(name: string, key: Uint8Array, iv: Uint8Array): NodeCipher;
  createHmac(name: string, key: Uint8Array): NodeHash;
  createHash(name: string, options?: { readonly outputLength: number }): NodeHash;
  readonly hash?: (name: string, data: Uint8Array, encoding: 'buffer') => Uint8Array;
}

/** Their arrays are of a class of their own, which has more ways to become a string. */
type NodeBuffer = Omit<Uint8Array, 'toString'> & { toString(encoding: 'base64url'): string };

/** How bytes become base64url and come back, fast. */
export interface NodeBuffers {
  from(memory: ArrayBufferLike, offset: number, length: number): NodeBuffer;
  from(text: string, encoding: 'base64url'): Uint8Array;
}

/** What the runtime offers. */
export interface NodeHost {
  readonly crypto: NodeCrypto;
  readonly buffers: NodeBuffers;
}

interface ProcessWithBuiltins {
  getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined;
  getBuiltinModule?(name: 'node:buffer'): { readonly Buffer: NodeBuffers } | undefined;
}

/** `undefined` where there is no such module. */
export function nodeHost(): NodeHost | undefined {
  const { process } = globalThis as { process?: ProcessWithBuiltins };
  const crypto = process?.getBuiltinModule?.('node:crypto');
  const buffers = process?.getBuiltinModule?.('node:buffer')?.Buffer;
  return crypto && buffers && { crypto, buffers };
}
