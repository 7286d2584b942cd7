/** The messages of sender keys (spec: sender-keys 5.2 and 5.3), as bytes and as objects. Knows no chain and no record. */
import { SottoError } from '../../../errors.js';
import { publicKeyLength, type SenderSigningKey } from '../primitives/keys.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';
import { messageKey, present, versionOf } from './parts.js';
import { uuidLength } from './uuid.js';

/** The only version of sender keys there is. */
const senderKeyVersion = 3;

const versionByte = (senderKeyVersion << 4) | senderKeyVersion;

/** Shorter than this is neither message. */
const minLength = 65;

/** Length of a chain key. */
export const chainKeyLength = 32;

const signatureLength = 64;

const distributionSchema = messageSchema({
  distributionId: { field: 1, type: 'bytes' },
  chainId: { field: 2, type: 'uint32' },
  iteration: { field: 3, type: 'uint32' },
  chainKey: { field: 4, type: 'bytes' },
  signingKey: { field: 5, type: 'bytes' },
});

const groupMessageSchema = messageSchema({
  distributionId: { field: 1, type: 'bytes' },
  chainId: { field: 2, type: 'uint32' },
  iteration: { field: 3, type: 'uint32' },
  ciphertext: { field: 4, type: 'bytes' },
});

/** A sender key as it is given to members. */
export interface SenderKeyDistributionMessage {
  /** 16 bytes. */
  readonly distributionId: Uint8Array;
  readonly chainId: number;
  readonly iteration: number;
  /** 32 bytes, secret. */
  readonly chainKey: Uint8Array;
  readonly signingKey: SenderSigningKey;
}

/** A group message to write. */
export interface SenderKeyMessageFields {
  /** 16 bytes. */
  readonly distributionId: Uint8Array;
  readonly chainId: number;
  readonly iteration: number;
  readonly ciphertext: Uint8Array;
}

/** A group message read. Its byte strings share the memory of what was parsed. */
export interface SenderKeyMessage extends SenderKeyMessageFields {
  /** What the signature covers: all before it. */
  readonly signed: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/**
 * Reads a distribution message; its byte strings share the memory of what was given.
 * @throws SottoError `invalid-message`
 */
export function parseSenderKeyDistributionMessage(bytes: Uint8Array): SenderKeyDistributionMessage {
  assertShape(bytes);
  const fields = decode(distributionSchema, bytes.subarray(1));
  return {
    distributionId: ofLength(uuidLength, fields.distributionId),
    chainId: present(fields.chainId),
    iteration: present(fields.iteration),
    chainKey: ofLength(chainKeyLength, fields.chainKey),
    signingKey: messageKey<'sender-signing'>(ofLength(publicKeyLength, fields.signingKey)),
  };
}

/** Writes a distribution message. */
export function serializeSenderKeyDistributionMessage(message: SenderKeyDistributionMessage): Uint8Array {
  const bytes = encode(distributionSchema, { ...message }, { before: 1, after: 0 });
  bytes[0] = versionByte;
  return bytes;
}

/**
 * Reads a group message. The signature is not checked: that takes the sender key.
 * @throws SottoError `invalid-message`
 */
export function parseSenderKeyMessage(bytes: Uint8Array): SenderKeyMessage {
  assertShape(bytes);
  const signed = bytes.subarray(0, bytes.length - signatureLength);
  const fields = decode(groupMessageSchema, signed.subarray(1));
  return {
    distributionId: ofLength(uuidLength, fields.distributionId),
    chainId: present(fields.chainId),
    iteration: present(fields.iteration),
    ciphertext: present(fields.ciphertext),
    signed,
    signature: bytes.subarray(bytes.length - signatureLength),
  };
}

/**
 * Writes a group message.
 * @param sign - gives the 64 bytes of the signature over all before it
 */
export function serializeSenderKeyMessage(
  message: SenderKeyMessageFields,
  sign: (signed: Uint8Array) => Uint8Array,
): Uint8Array {
  const bytes = encode(groupMessageSchema, { ...message }, { before: 1, after: signatureLength });
  bytes[0] = versionByte;
  const signed = bytes.subarray(0, bytes.length - signatureLength);
  bytes.set(sign(signed), signed.length);
  return bytes;
}

function assertShape(bytes: Uint8Array): void {
  if (bytes.length < minLength) throw new SottoError('invalid-message');
  versionOf(bytes, senderKeyVersion, senderKeyVersion);
}

function ofLength(length: number, value: Uint8Array | undefined): Uint8Array {
  if (value?.length !== length) throw new SottoError('invalid-message');
  return value;
}
