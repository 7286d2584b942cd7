/** The port's decryption errors. Knows no session: whether a ratchet key is still in use is asked elsewhere. */
import { SottoError } from '../../errors.js';
import type { DecryptionError, SealedKind } from '../../ports/index.js';
import { parsePlaintextContent, serializePlaintextContent } from './messages/plaintext-content.js';
import { parsePreKeySignalMessage } from './messages/pre-key-signal-message.js';
import { parseSignalMessage } from './messages/signal-message.js';
import type { RemoteRatchetKey } from './primitives/keys.js';

const maxUint32 = 0xffffffff;

/**
 * See `DecryptionErrors.createDecryptionError`.
 * @throws TypeError when a number is none that the message can hold
 */
export function createDecryptionError(input: {
  readonly kind: SealedKind;
  readonly message: Uint8Array;
  readonly sentAt: number;
  readonly deviceId: number;
}): Uint8Array {
  const { kind, message, sentAt, deviceId } = input;
  if (!isWhole(sentAt, Number.MAX_SAFE_INTEGER))
    throw new TypeError('sentAt is whole milliseconds from 1970 on');
  if (!isWhole(deviceId, maxUint32)) throw new TypeError('not a device id');
  return serializePlaintextContent({
    ratchetKey: ratchetKeyOf(kind, message),
    timestampMs: sentAt,
    deviceId,
  });
}

function isWhole(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** A group message has no ratchet key, and the protocol's peers do not look into it. */
function ratchetKeyOf(kind: SealedKind, message: Uint8Array): RemoteRatchetKey | undefined {
  switch (kind) {
    case 'message':
      return parseSignalMessage(message).ratchetKey;
    case 'prekey':
      return parsePreKeySignalMessage(message).message.ratchetKey;
    case 'sender-key':
      return undefined;
    case 'plaintext':
      throw new SottoError('invalid-message');
  }
}

/** See `DecryptionErrors.parseDecryptionError`. */
export function parseDecryptionError(plaintextContent: Uint8Array): DecryptionError {
  const { ratchetKey, timestampMs, deviceId } = parsePlaintextContent(plaintextContent);
  return { ...(ratchetKey ? { ratchetKey: ratchetKey.slice() } : {}), sentAt: timestampMs, deviceId };
}
