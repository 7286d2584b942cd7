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

/**
 * Group encryption. Every method throws `SottoError` and then nothing has changed. Of one sender under one
 * distribution id the last five keys are remembered; of each, the seeds of 2,000 messages that were passed
 * over and may still come.
 */
export interface GroupCipher {
  /**
   * The distribution message of our own sender key, made on first use, at its current position: whoever
   * receives it reads later messages, not earlier ones. Calling it again does not rotate the key. For a
   * sender whose distribution was taken it gives that key on, as far as it has come here.
   * @returns a serialized SenderKeyDistributionMessage, secret: it goes to members over their sessions
   */
  createSenderKeyDistribution(view: EngineView, input: SenderKeyInput): Promise<EngineStep<Uint8Array>>;

  /**
   * Takes a distribution message. A key that is known already stays where it has come to, whatever
   * position the message names; where it is the newest, the step has no changes.
   * @param input - `sender` is the authenticated sender of the message that carried it
   * @returns the distribution id in it
   * @throws SottoError `invalid-message` when it cannot be parsed
   */
  processSenderKeyDistribution(
    view: EngineView,
    input: { readonly sender: DeviceAddress; readonly distribution: Uint8Array },
  ): Promise<EngineStep<string>>;

  /**
   * Encrypts under our own sender key.
   * @param input - `plaintext` stays the caller's
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
   * @throws SottoError `no-sender-key` when the sender's key it was made with is not known under its
   * distribution id; `duplicate-message` when the chain has passed it and its seed is gone: it was
   * decrypted, is older than the distribution that was taken, or was passed over too long ago;
   * `invalid-message` when it cannot be parsed, its signature is not the key's, it is more than 25,000
   * ahead of the chain, or does not decrypt
   */
  decryptFromGroup(
    view: EngineView,
    input: { readonly sender: DeviceAddress; readonly ciphertext: Uint8Array },
  ): Promise<EngineStep<DecryptedGroupMessage>>;

  /** Forgets a sender key, so that the next distribution starts a new one. None is fine. */
  removeSenderKey(view: EngineView, input: SenderKeyInput): Promise<EngineStep<undefined>>;
}
