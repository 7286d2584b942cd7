/**
 * The PreKeySignalMessage, type 3 (spec: pqxdh 2.6): a SignalMessage together with what starts its
 * session. Knows no handshake.
 */
import { SottoError } from '../../../errors.js';
import type { BaseKey, IdentityKey } from '../primitives/keys.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';
import { messageKey, present, versionOf } from './parts.js';
import {
  oldestSessionVersion,
  parseSignalMessage,
  sessionVersion,
  versionByte,
  type SignalMessage,
} from './signal-message.js';

const schema = messageSchema({
  preKeyId: { field: 1, type: 'uint32' },
  baseKey: { field: 2, type: 'bytes' },
  identityKey: { field: 3, type: 'bytes' },
  messageBytes: { field: 4, type: 'bytes' },
  registrationId: { field: 5, type: 'uint32' },
  signedPreKeyId: { field: 6, type: 'uint32' },
  kemPreKeyId: { field: 7, type: 'uint32' },
  kemCiphertext: { field: 8, type: 'bytes' },
});

/** A KEM ciphertext and the pre-key it is for. */
export interface KemPart {
  readonly id: number;
  /** With its type byte; of any length when read: it is checked where it is decapsulated. */
  readonly ciphertext: Uint8Array;
}

/** A message to write. */
export interface PreKeySignalMessageFields {
  /** Absent when the bundle had no one-time pre-key. */
  readonly preKeyId?: number | undefined;
  readonly baseKey: BaseKey;
  /** The initiator's. */
  readonly identityKey: IdentityKey;
  /** A serialized SignalMessage. */
  readonly messageBytes: Uint8Array;
  /** The initiator's. */
  readonly registrationId: number;
  readonly signedPreKeyId: number;
  /** Absent only in messages of version 3. */
  readonly kem?: KemPart | undefined;
}

/** A message read. Its byte strings share the memory of what was parsed. */
export interface PreKeySignalMessage extends PreKeySignalMessageFields {
  readonly version: number;
  readonly message: SignalMessage;
}

/**
 * Reads a message, and the SignalMessage in it.
 * @throws SottoError `invalid-message`
 */
export function parsePreKeySignalMessage(bytes: Uint8Array): PreKeySignalMessage {
  const version = versionOf(bytes, oldestSessionVersion, sessionVersion);
  const fields = decode(schema, bytes.subarray(1));
  const messageBytes = present(fields.messageBytes);
  const kem = kemPart(fields);
  if (!kem && version === sessionVersion) throw new SottoError('invalid-message');
  return {
    version,
    preKeyId: fields.preKeyId,
    baseKey: messageKey<'base'>(present(fields.baseKey)),
    identityKey: messageKey<'identity'>(present(fields.identityKey)),
    message: parseSignalMessage(messageBytes),
    messageBytes,
    registrationId: fields.registrationId ?? 0,
    signedPreKeyId: present(fields.signedPreKeyId),
    kem,
  };
}

/** An id and a ciphertext come together or not at all. */
function kemPart(fields: {
  readonly kemPreKeyId: number | undefined;
  readonly kemCiphertext: Uint8Array | undefined;
}): KemPart | undefined {
  const { kemPreKeyId: id, kemCiphertext: ciphertext } = fields;
  if (id !== undefined && ciphertext) return { id, ciphertext };
  if (id !== undefined || ciphertext) throw new SottoError('invalid-message');
  return undefined;
}

/** Writes a message of the current version. */
export function serializePreKeySignalMessage({ kem, ...fields }: PreKeySignalMessageFields): Uint8Array {
  const message = { ...fields, kemPreKeyId: kem?.id, kemCiphertext: kem?.ciphertext };
  const bytes = encode(schema, message, { before: 1, after: 0 });
  bytes[0] = versionByte;
  return bytes;
}
