/**
 * The part of the engine port that tells a sender what could not be decrypted (spec: sealed-sender 6.7).
 * Such a message is not encrypted by itself: it travels sealed. Knows no resend policy.
 */
import type { DeviceAddress } from '../wire/index.js';
import type { SealedKind } from './engine-sealed-sender.js';
import type { EngineView } from './engine-steps.js';

/** What could not be decrypted. */
export interface DecryptionError {
  /** The ratchet key of the lost message, 33 bytes; absent for group messages. */
  readonly ratchetKey?: Uint8Array;
  /** The lost message's timestamp, milliseconds since the Unix epoch. */
  readonly sentAt: number;
  /** The device that sent the lost message; 0 where the report does not say. */
  readonly deviceId: number;
}

/** Decryption-error messages. Nothing here changes a record. */
export interface DecryptionErrors {
  /**
   * Describes a message that could not be decrypted.
   * @param input - `message` is the serialized lost message; of the kind `sender-key` it is not looked into
   * @returns serialized PlaintextContent, to be sealed with the kind `plaintext`
   * @throws SottoError `invalid-message` when it cannot be parsed, or is itself of the kind `plaintext`
   */
  createDecryptionError(input: {
    readonly kind: SealedKind;
    readonly message: Uint8Array;
    readonly sentAt: number;
    readonly deviceId: number;
  }): Promise<Uint8Array>;

  /**
   * Reads PlaintextContent that holds a decryption error.
   * @throws SottoError `invalid-message` when it holds none, or anything in it does not fit
   */
  parseDecryptionError(plaintextContent: Uint8Array): Promise<DecryptionError>;

  /**
   * Whether a ratchet key is the one our current session with a device sends under: whether a lost message
   * belonged to it. False without a current session, and for what is no key.
   */
  currentRatchetKeyMatches(view: EngineView, their: DeviceAddress, ratchetKey: Uint8Array): Promise<boolean>;
}
