/** Decryption-error messages over libsignal. Knows no resend policy. */
import {
  CiphertextMessageType,
  DecryptionErrorMessage,
  PlaintextContent,
  type PublicKey,
} from '@signalapp/libsignal-client';
import { isSottoError } from '../../errors.js';
import type { DecryptionError, DecryptionErrors, EngineView, SealedKind } from '../../ports/index.js';
import type { DeviceAddress } from '../../wire/index.js';
import { assertTimestampMs, assertUint32 } from './arguments.js';
import { plainBytes, publicKeyFrom } from './bytes.js';
import { translated } from './errors.js';
import { recordKeys } from './records.js';
import { sessionFrom } from './stores.js';

const types: Readonly<Record<SealedKind, CiphertextMessageType>> = {
  prekey: CiphertextMessageType.PreKey,
  message: CiphertextMessageType.Whisper,
  'sender-key': CiphertextMessageType.SenderKey,
  plaintext: CiphertextMessageType.Plaintext,
};

/** See `DecryptionErrors.createDecryptionError`. */
export function createDecryptionError({
  kind,
  message,
  sentAt,
  deviceId,
}: Parameters<DecryptionErrors['createDecryptionError']>[0]): Uint8Array {
  assertTimestampMs(sentAt, 'sentAt');
  assertUint32(deviceId, 'a device id');
  const bytes = plainBytes(message);
  return translated('decrypt', () => {
    const error = DecryptionErrorMessage.forOriginal(bytes, types[kind], sentAt, deviceId);
    return PlaintextContent.from(error).serialize();
  });
}

/** See `DecryptionErrors.parseDecryptionError`. */
export function parseDecryptionError(plaintextContent: Uint8Array): DecryptionError {
  const bytes = plainBytes(plaintextContent);
  return translated('decrypt', () => {
    const body = PlaintextContent.deserialize(bytes).body();
    const error = DecryptionErrorMessage.extractFromSerializedBody(body);
    const ratchetKey = error.ratchetKey();
    return {
      sentAt: error.timestamp(),
      deviceId: error.deviceId(),
      ...(ratchetKey && { ratchetKey: ratchetKey.serialize() }),
    };
  });
}

/** See `DecryptionErrors.currentRatchetKeyMatches`. */
export async function currentRatchetKeyMatches(
  view: EngineView,
  their: DeviceAddress,
  ratchetKey: Uint8Array,
): Promise<boolean> {
  const [record] = await view.get([recordKeys.session(their)]);
  if (!record) return false;
  const session = sessionFrom(record);
  const key = readable(ratchetKey);
  return key !== undefined && translated('record', () => session.currentRatchetKeyMatches(key));
}

/** A key, or nothing where the bytes are none: we send under no such key. */
function readable(ratchetKey: Uint8Array): PublicKey | undefined {
  try {
    return publicKeyFrom('decrypt', ratchetKey);
  } catch (error) {
    if (isSottoError(error)) return undefined;
    throw error;
  }
}
