/** Decryption-error messages over libsignal. Knows no resend policy. */
import {
  CiphertextMessageType,
  DecryptionErrorMessage,
  PlaintextContent,
  PublicKey,
} from '@signalapp/libsignal-client';
import type { DecryptionError, DecryptionErrors, EngineView, SealedKind } from '../../ports/index.js';
import type { DeviceAddress } from '../../wire/index.js';
import { plainBytes } from './bytes.js';
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
  const key = translated('sign', () => PublicKey.deserialize(plainBytes(ratchetKey)));
  const [record] = await view.get([recordKeys.session(their)]);
  if (!record) return false;
  const session = sessionFrom(record);
  return translated('record', () => session.currentRatchetKeyMatches(key));
}
