/**
 * Curve25519 keys as bytes (spec: primitives 1.1), with what they are for in their types: a remote
 * ratchet key cannot be passed where our own is meant. Knows no arithmetic and no protocol.
 */
import { equalBytes } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';

declare const kind: unique symbol;
declare const role: unique symbol;

/** A serialized public key of 33 bytes: the type byte 0x05 and the u-coordinate, verbatim. */
export type PublicKey<Role extends string = string> = Uint8Array & {
  readonly [kind]: 'public-key';
  readonly [role]?: Role;
};

/** A clamped private key of 32 bytes. */
export type PrivateKey = Uint8Array & { readonly [kind]: 'private-key' };

/** A key pair and what it is for. */
export interface KeyPair<Role extends string = string> {
  readonly publicKey: PublicKey<Role>;
  readonly privateKey: PrivateKey;
}

/** Names an account for as long as it lives. */
export type IdentityKey = PublicKey<'identity'>;
/** An initiator's ephemeral key of the handshake. */
export type BaseKey = PublicKey<'base'>;
/** The public half of a key under which we send. */
export type RatchetKey = PublicKey<'ratchet'>;
/** The key under which the other side sends. */
export type RemoteRatchetKey = PublicKey<'remote-ratchet'>;
/** A sender key's signing key. */
export type SenderSigningKey = PublicKey<'sender-signing'>;

/** Length of a serialized public key. */
export const publicKeyLength = 33;
/** Length of a private key. */
export const privateKeyLength = 32;

const publicKeyType = 0x05;

/**
 * Reads a serialized public key. Bytes after the 33rd are dropped, as the protocol's peers do; no point
 * is checked here.
 * @returns 33 bytes, a view of what was given
 * @throws SottoError `invalid-key`
 */
export function parsePublicKey<Role extends string>(bytes: Uint8Array): PublicKey<Role> {
  if (bytes[0] !== publicKeyType || bytes.length < publicKeyLength) throw new SottoError('invalid-key');
  return bytes.subarray(0, publicKeyLength) as PublicKey<Role>;
}

/**
 * Reads a public key that a caller of the engine named. Two spellings of one key must not reach a pin:
 * nothing may follow the 33 bytes here.
 * @throws SottoError `invalid-key`
 */
export function parseExactPublicKey<Role extends string>(bytes: Uint8Array): PublicKey<Role> {
  if (bytes.length !== publicKeyLength) throw new SottoError('invalid-key');
  return parsePublicKey<Role>(bytes);
}

/**
 * Reads a private key: clamped, in an array of its own.
 * @throws SottoError `invalid-key` unless it has 32 bytes
 */
export function parsePrivateKey(bytes: Uint8Array): PrivateKey {
  if (bytes.length !== privateKeyLength) throw new SottoError('invalid-key');
  const clamped = bytes.slice();
  clamped[0] = (clamped[0] as number) & 0xf8;
  clamped[31] = ((clamped[31] as number) & 0x7f) | 0x40;
  return clamped as PrivateKey;
}

const held = new WeakMap<Uint8Array, PrivateKey>();

/**
 * Reads a private key that its owner holds for many calls, an identity's: as long as the array lives and
 * has the same bytes, the result is the same array, beside which a platform may keep what it imported. Both
 * go with the array given.
 * @throws SottoError `invalid-key` unless it has 32 bytes
 */
export function parseHeldPrivateKey(bytes: Uint8Array): PrivateKey {
  const parsed = parsePrivateKey(bytes);
  const known = held.get(bytes);
  // Whoever wiped the array, or put another key in it, is not given the old one.
  if (known && equalBytes(known, parsed)) return known;
  held.set(bytes, parsed);
  return parsed;
}

/** A public key from its 32-byte u-coordinate. */
export function publicKeyFromCoordinate<Role extends string>(u: Uint8Array): PublicKey<Role> {
  const bytes = new Uint8Array(publicKeyLength);
  bytes[0] = publicKeyType;
  bytes.set(u, 1);
  return bytes as PublicKey<Role>;
}
