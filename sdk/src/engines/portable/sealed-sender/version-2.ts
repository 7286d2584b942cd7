/**
 * Sealed sender version 2 (spec: sealed-sender 6.5): content encrypted once, and for each recipient 48 bytes
 * that open it. Knows no address and no certificate but the key it takes from one.
 */
import { concatBytes, equalBytes, utf8 } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import { aesGcmSivOpen, aesGcmSivSeal } from '../primitives/aes.js';
import { hkdf } from '../primitives/hash.js';
import {
  parsePrivateKey,
  publicKeyFromCoordinate,
  type IdentityKey,
  type KeyPair,
  type PublicKey,
} from '../primitives/keys.js';
import type { Curve25519, Primitives } from '../primitives/primitives.js';
import { parseContent, type ParsedContent } from './content.js';

/** The first byte of what one device receives. */
export const receivedVersionByte = 0x22;

/** Of the sender's ephemeral key: its coordinate, without the type byte. */
export const coordinateLength = 32;

const seedLength = 32;
const authenticationLength = 16;

/** What opens a message for one recipient: an encrypted seed of 32 bytes, and 16 that say who sent it. */
export const openerLength = seedLength + authenticationLength;

const minReceivedLength = 1 + openerLength + coordinateLength;

const labels = {
  privateKey: utf8('Sealed Sender v2: r (2023-08)'),
  cipherKey: utf8('Sealed Sender v2: K'),
  agreement: utf8('Sealed Sender v2: DH'),
  sender: utf8('Sealed Sender v2: DH-sender'),
};

/** Content, encrypted once for all. */
export interface EncryptedOnce {
  /** What each recipient's 48 bytes are made of; secret. */
  readonly seed: Uint8Array;
  readonly ephemeral: KeyPair;
  /** With its tag. */
  readonly ciphertext: Uint8Array;
}

/**
 * Encrypts content once for all recipients.
 * @param content - serialized UnidentifiedSenderMessageContent
 */
export async function encryptOnce(
  { curve, random }: Primitives,
  content: Uint8Array,
): Promise<EncryptedOnce> {
  const seed = random.bytes(seedLength);
  const ephemeral = await ephemeralOf(curve, seed);
  return { seed, ephemeral, ciphertext: aesGcmSivSeal(cipherKeyOf(seed), content) };
}

async function ephemeralOf(curve: Curve25519, seed: Uint8Array): Promise<KeyPair> {
  const privateKey = parsePrivateKey(hkdf(undefined, seed, labels.privateKey, 32));
  return { privateKey, publicKey: await curve.publicKeyOf(privateKey) };
}

function cipherKeyOf(seed: Uint8Array): Uint8Array {
  return hkdf(undefined, seed, labels.cipherKey, 32);
}

/**
 * What opens the content for one recipient.
 * @returns 48 bytes
 * @throws SottoError `invalid-key` when an agreement comes to nothing
 */
export async function openerFor(
  curve: Curve25519,
  { seed, ephemeral }: EncryptedOnce,
  our: KeyPair<'identity'>,
  theirs: IdentityKey,
): Promise<Uint8Array> {
  const agreement = await curve.agree(ephemeral.privateKey, theirs);
  const encryptedSeed = xor(seed, seedMask(agreement, ephemeral.publicKey, theirs));
  const identities = { sender: our.publicKey, recipient: theirs };
  const senderAgreement = await curve.agree(our.privateKey, theirs);
  const tag = senderTag(senderAgreement, ephemeral.publicKey, encryptedSeed, identities);
  return concatBytes(encryptedSeed, tag);
}

/**
 * Opens.
 * @param sealed - the received form, with its version byte
 * @throws SottoError `invalid-message`; `invalid-key` when an agreement comes to nothing
 */
export async function openVersion2(
  curve: Curve25519,
  our: KeyPair<'identity'>,
  sealed: Uint8Array,
): Promise<ParsedContent> {
  const { encryptedSeed, tag, ephemeralKey, ciphertext } = partsOf(sealed);
  const seed = await openSeed(curve, our, encryptedSeed, ephemeralKey);
  const opened = aesGcmSivOpen(cipherKeyOf(seed), ciphertext);
  if (!opened) throw new SottoError('invalid-message');
  const parsed = parseContent(opened);
  const identities = { sender: parsed.certificate.identityKey, recipient: our.publicKey };
  const senderAgreement = await curve.agree(our.privateKey, identities.sender);
  const expected = senderTag(senderAgreement, ephemeralKey, encryptedSeed, identities);
  if (!equalBytes(expected, tag)) throw new SottoError('invalid-message');
  return parsed;
}

function partsOf(sealed: Uint8Array) {
  if (sealed.length < minReceivedLength) throw new SottoError('invalid-message');
  const coordinateStart = 1 + openerLength;
  const ciphertextStart = coordinateStart + coordinateLength;
  return {
    encryptedSeed: sealed.subarray(1, 1 + seedLength),
    tag: sealed.subarray(1 + seedLength, coordinateStart),
    ephemeralKey: publicKeyFromCoordinate(sealed.subarray(coordinateStart, ciphertextStart)),
    ciphertext: sealed.subarray(ciphertextStart),
  };
}

/** The seed, which must be the one that the ephemeral key was made from. */
async function openSeed(
  curve: Curve25519,
  our: KeyPair<'identity'>,
  encryptedSeed: Uint8Array,
  ephemeralKey: PublicKey,
): Promise<Uint8Array> {
  const agreement = await curve.agree(our.privateKey, ephemeralKey);
  const seed = xor(encryptedSeed, seedMask(agreement, ephemeralKey, our.publicKey));
  const ephemeral = await ephemeralOf(curve, seed);
  if (!equalBytes(ephemeral.publicKey, ephemeralKey)) throw new SottoError('invalid-message');
  return seed;
}

function seedMask(agreement: Uint8Array, ephemeral: PublicKey, recipient: IdentityKey): Uint8Array {
  const input = concatBytes(agreement, ephemeral, recipient);
  return hkdf(undefined, input, labels.agreement, seedLength);
}

/** What only the sender and the recipient can make, so that no recipient can pass a message on in the sender's name. */
function senderTag(
  agreement: Uint8Array,
  ephemeral: PublicKey,
  encryptedSeed: Uint8Array,
  { sender, recipient }: { readonly sender: IdentityKey; readonly recipient: IdentityKey },
): Uint8Array {
  const input = concatBytes(agreement, ephemeral, encryptedSeed, sender, recipient);
  return hkdf(undefined, input, labels.sender, authenticationLength);
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] as number));
}
