/**
 * Sealed sender version 1 (spec: sealed-sender 6.4): one recipient, the sender's identity key in one box and
 * the content in another. Knows no certificate but the bytes it compares.
 */
import { concatBytes, equalBytes, utf8 } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import { messageKey, present } from '../messages/parts.js';
import { hkdf } from '../primitives/hash.js';
import type { IdentityKey, KeyPair, PublicKey } from '../primitives/keys.js';
import type { Ciphers, Primitives } from '../primitives/primitives.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';
import { parseContent, type ParsedContent } from './content.js';

/** The first byte of what we seal. */
const versionByte = 0x11;

const boxMacLength = 10;
const derivedLength = 96;

const saltPrefix = utf8('UnidentifiedDelivery');
const noInfo = new Uint8Array();

const schema = messageSchema({
  ephemeralKey: { field: 1, type: 'bytes' },
  encryptedStatic: { field: 2, type: 'bytes' },
  encryptedMessage: { field: 3, type: 'bytes' },
});

/** The keys of a box, 32 bytes each. */
interface BoxKeys {
  readonly cipherKey: Uint8Array;
  readonly macKey: Uint8Array;
}

/**
 * Seals.
 * @param content - serialized UnidentifiedSenderMessageContent
 * @throws SottoError `invalid-key` when an agreement comes to nothing
 */
export async function sealVersion1(
  { curve, ciphers }: Primitives,
  our: KeyPair<'identity'>,
  theirs: IdentityKey,
  content: Uint8Array,
): Promise<Uint8Array> {
  const ephemeral = await curve.generateKeyPair();
  const firstAgreement = await curve.agree(ephemeral.privateKey, theirs);
  const first = firstKeys(firstAgreement, theirs, ephemeral.publicKey);
  const encryptedStatic = await seal(ciphers, first.box, our.publicKey);
  const secondAgreement = await curve.agree(our.privateKey, theirs);
  const encryptedMessage = await seal(
    ciphers,
    secondKeys(secondAgreement, first.chain, encryptedStatic),
    content,
  );
  const message = { ephemeralKey: ephemeral.publicKey, encryptedStatic, encryptedMessage };
  const bytes = encode(schema, message, { before: 1, after: 0 });
  bytes[0] = versionByte;
  return bytes;
}

/**
 * Opens.
 * @param sealed - with its version byte
 * @throws SottoError `invalid-message`; `invalid-key` when an agreement comes to nothing
 */
export async function openVersion1(
  { curve, ciphers }: Primitives,
  our: KeyPair<'identity'>,
  sealed: Uint8Array,
): Promise<ParsedContent> {
  const fields = decode(schema, sealed.subarray(1));
  const encryptedStatic = present(fields.encryptedStatic);
  const encryptedMessage = present(fields.encryptedMessage);
  const ephemeralKey = messageKey(present(fields.ephemeralKey));
  const first = firstKeys(await curve.agree(our.privateKey, ephemeralKey), our.publicKey, ephemeralKey);
  const staticBytes = await open(ciphers, first.box, encryptedStatic);
  const theirs = messageKey<'identity'>(staticBytes);
  const secondAgreement = await curve.agree(our.privateKey, theirs);
  const opened = await open(
    ciphers,
    secondKeys(secondAgreement, first.chain, encryptedStatic),
    encryptedMessage,
  );
  const parsed = parseContent(opened);
  if (!equalBytes(staticBytes, parsed.certificate.identityKey)) throw new SottoError('invalid-message');
  return parsed;
}

/** Of the box with the sender's identity key. The recipient's key comes first on both sides. */
function firstKeys(
  agreement: Uint8Array,
  recipient: IdentityKey,
  ephemeral: PublicKey,
): { readonly chain: Uint8Array; readonly box: BoxKeys } {
  const salt = concatBytes(saltPrefix, recipient, ephemeral);
  const derived = hkdf(salt, agreement, noInfo, derivedLength);
  return { chain: derived.subarray(0, 32), box: boxKeys(derived) };
}

/** Of the box with the content. The first third of what is derived is for nothing. */
function secondKeys(agreement: Uint8Array, chain: Uint8Array, encryptedStatic: Uint8Array): BoxKeys {
  return boxKeys(hkdf(concatBytes(chain, encryptedStatic), agreement, noInfo, derivedLength));
}

function boxKeys(derived: Uint8Array): BoxKeys {
  return { cipherKey: derived.subarray(32, 64), macKey: derived.subarray(64) };
}

async function seal(ciphers: Ciphers, { cipherKey, macKey }: BoxKeys, data: Uint8Array): Promise<Uint8Array> {
  const ciphertext = await ciphers.aesCtr(cipherKey, data);
  return concatBytes(ciphertext, await boxMac(ciphers, macKey, ciphertext));
}

async function open(ciphers: Ciphers, { cipherKey, macKey }: BoxKeys, box: Uint8Array): Promise<Uint8Array> {
  const split = box.length - boxMacLength;
  if (split < 0) throw new SottoError('invalid-message');
  const ciphertext = box.subarray(0, split);
  if (!equalBytes(await boxMac(ciphers, macKey, ciphertext), box.subarray(split)))
    throw new SottoError('invalid-message');
  return ciphers.aesCtr(cipherKey, ciphertext);
}

async function boxMac(
  { hmacSha256 }: Ciphers,
  macKey: Uint8Array,
  ciphertext: Uint8Array,
): Promise<Uint8Array> {
  const mac = await hmacSha256(macKey, ciphertext);
  return mac.subarray(0, boxMacLength);
}
