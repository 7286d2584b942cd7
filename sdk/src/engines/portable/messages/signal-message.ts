/** The SignalMessage, type 2 (spec: pqxdh 2.5), as bytes and as an object. Knows no ratchet and no address. */
import { concatBytes } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import { hmacSha256 } from '../primitives/hash.js';
import type { Ciphers } from '../primitives/primitives.js';
import type { IdentityKey, RatchetKey, RemoteRatchetKey } from '../primitives/keys.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';
import { messageKey, present, versionOf } from './parts.js';

/** The version of the sessions we start, and the newest there is. */
export const sessionVersion = 4;
/** Sessions of before Kyber; their messages can be read, and are decrypted by nobody. */
export const oldestSessionVersion = 3;
/** Both halves of a first byte: the session's version, and the newest that its writer knows. */
export const versionByte = (sessionVersion << 4) | sessionVersion;

const macLength = 8;

const noPqRatchet = new Uint8Array();

const schema = messageSchema({
  ratchetKey: { field: 1, type: 'bytes' },
  counter: { field: 2, type: 'uint32' },
  previousCounter: { field: 3, type: 'uint32' },
  ciphertext: { field: 4, type: 'bytes' },
  pqRatchet: { field: 5, type: 'bytes' },
  addresses: { field: 6, type: 'bytes' },
});

/** A message read. Its byte strings share the memory of what was parsed. */
export interface SignalMessage {
  readonly version: number;
  readonly ratchetKey: RemoteRatchetKey;
  readonly counter: number;
  /** 0 where the message does not say. */
  readonly previousCounter: number;
  readonly ciphertext: Uint8Array;
  /** An SPQR message; empty where there is none. */
  readonly pqRatchet: Uint8Array;
  /** Who writes to whom, where the message says so. */
  readonly addresses?: Uint8Array;
  /** What the MAC covers besides the identity keys: all but the MAC itself. */
  readonly authenticated: Uint8Array;
  /** 8 bytes. */
  readonly mac: Uint8Array;
}

/** A message to write. */
export interface SignalMessageFields {
  readonly ratchetKey: RatchetKey;
  readonly counter: number;
  readonly previousCounter: number;
  readonly ciphertext: Uint8Array;
  /** Empty for none. */
  readonly pqRatchet: Uint8Array;
  /** 36 bytes, see `addressesBytes`. */
  readonly addresses?: Uint8Array;
}

/**
 * Reads a message. The MAC is not checked: that takes the ratchet.
 * @throws SottoError `invalid-message`
 */
export function parseSignalMessage(bytes: Uint8Array): SignalMessage {
  if (bytes.length <= macLength) throw new SottoError('invalid-message');
  const version = versionOf(bytes, oldestSessionVersion, sessionVersion);
  const authenticated = bytes.subarray(0, bytes.length - macLength);
  const fields = decode(schema, authenticated.subarray(1));
  const { addresses } = fields;
  const message = {
    version,
    ratchetKey: present(fields.ratchetKey),
    counter: present(fields.counter),
    previousCounter: fields.previousCounter ?? 0,
    ciphertext: present(fields.ciphertext),
    pqRatchet: fields.pqRatchet ?? noPqRatchet,
    ...(addresses ? { addresses } : {}),
    authenticated,
    mac: bytes.subarray(bytes.length - macLength),
  };
  return { ...message, ratchetKey: messageKey<'remote-ratchet'>(message.ratchetKey) };
}

/**
 * Writes a message of the current version.
 * @param macKey - 32 bytes
 * @param senderIdentity - of whoever encrypts this message
 * @param hmac - HMAC-SHA-256; portable by default
 */
export async function serializeSignalMessage(
  fields: SignalMessageFields,
  macKey: Uint8Array,
  senderIdentity: IdentityKey,
  receiverIdentity: IdentityKey,
  hmac: Ciphers['hmacSha256'] = hmacSha256,
): Promise<Uint8Array> {
  const pqRatchet = fields.pqRatchet.length > 0 ? fields.pqRatchet : undefined;
  const bytes = encode(schema, { ...fields, pqRatchet }, { before: 1, after: macLength });
  bytes[0] = versionByte;
  const authenticated = bytes.subarray(0, bytes.length - macLength);
  const mac = await signalMessageMac(macKey, senderIdentity, receiverIdentity, authenticated, hmac);
  bytes.set(mac, authenticated.length);
  return bytes;
}

/**
 * The MAC of a message.
 * @param authenticated - all of the message but its MAC
 * @param hmac - HMAC-SHA-256; portable by default
 * @returns 8 bytes
 */
export async function signalMessageMac(
  macKey: Uint8Array,
  senderIdentity: IdentityKey,
  receiverIdentity: IdentityKey,
  authenticated: Uint8Array,
  hmac: Ciphers['hmacSha256'] = hmacSha256,
): Promise<Uint8Array> {
  const input = concatBytes(senderIdentity, receiverIdentity, authenticated);
  return (await hmac(macKey, input)).subarray(0, macLength);
}
