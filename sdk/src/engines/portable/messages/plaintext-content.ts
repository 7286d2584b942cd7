/**
 * PlaintextContent with a DecryptionErrorMessage (spec: sealed-sender 6.7): what a device says, sealed but
 * not encrypted by itself, about a message it could not decrypt. Knows no seal and no resend policy.
 */
import { SottoError } from '../../../errors.js';
import type { PublicKey } from '../primitives/keys.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';
import { messageKey, present } from './parts.js';

/** The first byte: no version of a session. */
const plaintextMark = 0xc0;

/** The last byte, where other content is padded from. */
const paddingMark = 0x80;

const errorSchema = messageSchema({
  ratchetKey: { field: 1, type: 'bytes' },
  timestamp: { field: 2, type: 'uint64' },
  deviceId: { field: 3, type: 'uint32' },
});

/** Seven fields are here for their wire type alone: what applications say would lie in them. */
const contentSchema = messageSchema({
  data: { field: 1, type: 'bytes' },
  sync: { field: 2, type: 'bytes' },
  call: { field: 3, type: 'bytes' },
  empty: { field: 4, type: 'bytes' },
  receipt: { field: 5, type: 'bytes' },
  typing: { field: 6, type: 'bytes' },
  senderKeyDistribution: { field: 7, type: 'bytes' },
  decryptionError: { field: 8, type: 'bytes' },
});

/** Which message could not be decrypted. */
export interface DecryptionErrorMessage {
  /** The ratchet key of the lost message; `undefined` for group messages. */
  readonly ratchetKey: PublicKey | undefined;
  /** When the lost message was sent, milliseconds since the Unix epoch. */
  readonly timestampMs: number;
  /** The device that sent the lost message. */
  readonly deviceId: number;
}

/** Writes PlaintextContent. */
export function serializePlaintextContent(message: DecryptionErrorMessage): Uint8Array {
  const { ratchetKey, timestampMs, deviceId } = message;
  const decryptionError = encode(errorSchema, { ratchetKey, timestamp: BigInt(timestampMs), deviceId });
  const bytes = encode(contentSchema, { decryptionError }, { before: 1, after: 1 });
  bytes[0] = plaintextMark;
  bytes[bytes.length - 1] = paddingMark;
  return bytes;
}

/**
 * Reads PlaintextContent that holds a DecryptionErrorMessage.
 * @throws SottoError `invalid-message`, also when the time is beyond 2^53 - 1
 */
export function parsePlaintextContent(bytes: Uint8Array): DecryptionErrorMessage {
  // A first mark alone has no last one.
  if (bytes.length < 2 || bytes[0] !== plaintextMark || bytes.at(-1) !== paddingMark) {
    throw new SottoError('invalid-message');
  }
  const { decryptionError } = decode(contentSchema, bytes.subarray(1, -1));
  return parseDecryptionErrorMessage(present(decryptionError));
}

function parseDecryptionErrorMessage(bytes: Uint8Array): DecryptionErrorMessage {
  const { ratchetKey, timestamp, deviceId } = decode(errorSchema, bytes);
  const timestampMs = Number(present(timestamp));
  const key = ratchetKey && messageKey(ratchetKey);
  if (!Number.isSafeInteger(timestampMs)) throw new SottoError('invalid-message');
  return { ratchetKey: key, timestampMs, deviceId: deviceId ?? 0 };
}
