/**
 * The part of the engine port for groups: sender keys (spec: sender-keys). One device's messages to a
 * group are encrypted once, under a key its members were given beforehand over their sessions. Knows
 * no group, no member and no rotation: a distribution id is all there is.
 */
import type { DeviceAddress } from '../wire/index.js';
import type { EngineStep, EngineView } from './engine-steps.js';

/** Which sender key: a device's own (or another's) under a distribution id. */
export interface SenderKeyInput {
  /** The device whose messages the key encrypts. */
  readonly sender: DeviceAddress;
  /** A UUID in lower case; the application's name for the group and its epoch. */
  readonly distributionId: string;
}

/** A decrypted group message. */
export interface DecryptedGroupMessage {
  /** From the message; which group it means is the caller's to check. */
  readonly distributionId: string;
  /** Owned by the caller. */
  readonly plaintext: Uint8Array;
}

/** Group encryption. Every method throws `SottoError` and then nothing has changed. */
export interface GroupCipher {
  /**
   * The distribution message of our own sender key, made on first use, at its current position: whoever
   * receives it reads later messages, not earlier ones. Calling it again does not rotate the key.
   * @returns a serialized SenderKeyDistributionMessage, secret: it goes to members over their sessions
   */
  createSenderKeyDistribution(view: EngineView, input: SenderKeyInput): Promise<EngineStep<Uint8Array>>;

  /**
   * Takes a distribution message. One for a key that is known already changes nothing.
   * @param input - `sender` is the authenticated sender of the message that carried it
   * @returns the distribution id in it
   * @throws SottoError `invalid-message`
   */
  processSenderKeyDistribution(
    view: EngineView,
    input: { readonly sender: DeviceAddress; readonly distribution: Uint8Array },
  ): Promise<EngineStep<string>>;

  /**
   * Encrypts under our own sender key.
   * @returns a serialized SenderKeyMessage
   * @throws SottoError `no-sender-key` when there is none, or it is another device's
   */
  encryptToGroup(
    view: EngineView,
    input: SenderKeyInput & { readonly plaintext: Uint8Array },
  ): Promise<EngineStep<Uint8Array>>;

  /**
   * Decrypts a group message.
   * @param input - `sender` is the authenticated sender
   * @throws SottoError `invalid-message`, `duplicate-message`, `no-sender-key`
   */
  decryptFromGroup(
    view: EngineView,
    input: { readonly sender: DeviceAddress; readonly ciphertext: Uint8Array },
  ): Promise<EngineStep<DecryptedGroupMessage>>;

  /** Forgets a sender key, so that the next distribution starts a new one. None is fine. */
  removeSenderKey(view: EngineView, input: SenderKeyInput): Promise<EngineStep<undefined>>;
}
